# frozen_string_literal: true

require "etc"
require "optparse"
require_relative "columns"
require_relative "rows"

module Bench
  # The options of bench/run.
  Options = Struct.new(:seconds, :connections, :rounds, :warmup, :rows, :columns, :also, :workers, :slots, :wrk_threads,
                       :json, :svg, :bars, keyword_init: true) do
    # @param argv [Array<String>]
    # @param defaults [Hash] overrides of our defaults
    # @return [Options]
    def self.parse(argv, **defaults)
      # 5 slots: the most that any side gives a worker by default.
      options = new(seconds: 3, connections: 64, rounds: 5, warmup: 1, rows: Bench::Rows::ALL,
                    columns: Bench::Columns::ALL, also: [], workers: Etc.nprocessors, slots: 5, wrk_threads: 1,
                    json: false, svg: nil, bars: false, **defaults)
      options.numbers(options.parser.parse(argv))
      options.check
    rescue OptionParser::ParseError, ArgumentError => e
      abort "bench/run: #{e.message}; see bench/run --help"
    end

    def parser
      OptionParser.new do |on|
        on.banner = "Usage: bench/run [SECONDS] [CONNECTIONS] [options]\n\n" \
                    "Sends each server in turn the same requests, for #{seconds} seconds and over #{connections} " \
                    "connections\nunless told otherwise, and prints how they compare.\n\n" \
                    "Rows: #{Rows::NAMES.join(", ")}\nServers: #{Columns::NAMES.join(", ")}\n\n"
        on.on("--rows LIST", Array, "rows to measure (default: all)") { |names| self.rows = choose(Rows, names) }
        on.on("--servers LIST", Array, "servers to compare, or none (default: all)") do |names|
          self.columns = names == ["none"] ? [] : choose(Columns, names)
        end
        on.on("--also 'NAME=DIR [FLAGS]'", "another Kino: a checkout and its flags; may be repeated") do |text|
          also << Columns.also(text)
        end
        add_numbers(on)
        add_outputs(on)
      end
    end

    def add_outputs(on)
      on.on("--bars", "check the figures against bench/support/compare/bars.rb") { self.bars = true }
      on.on("--json", "print JSON with every measurement instead of the tables") { self.json = true }
      on.on("--svg FILE", "write a chart, too") { |path| self.svg = path }
    end

    def add_numbers(on)
      on.on("--rounds N", Integer, "rounds through all servers (default: #{rounds})") { |n| self.rounds = n }
      on.on("--warmup N", Integer, "seconds before each measurement (default: #{warmup})") { |n| self.warmup = n }
      on.on("--workers N", Integer, "workers of each side (default: the cores, #{workers})") { |n| self.workers = n }
      on.on("--slots N", Integer, "requests at a time for each worker in the io rows (default: #{slots})") do |n|
        self.slots = n
      end
      on.on("--wrk-threads N", Integer, "wrk's threads (default: #{wrk_threads})") { |n| self.wrk_threads = n }
    end

    # @param rest [Array<String>]
    def numbers(rest)
      raise OptionParser::InvalidArgument, "two numbers at most" if rest.size > 2

      self.seconds, self.connections = rest.map { |text| Integer(text) } + to_a.first(2).drop(rest.size)
    end

    def choose(list, names)
      unknown = names - list::NAMES
      raise OptionParser::InvalidArgument, "there is no #{unknown.join(", ")}" if unknown.any?

      list.named(names)
    end

    # @return [self]
    def check
      counts = [seconds, connections, rounds, warmup, workers, slots, wrk_threads]
      raise OptionParser::InvalidArgument, "numbers are 1 or more" unless counts.all?(&:positive?)

      self
    end

    # @param row [Row]
    # @return [Topology]
    def topology(row) = Topology.new(workers:, threads: row.slots ? slots : nil, rackup: row.rackup)

    # @return [Hash] for JSON
    def facts
      to_h.slice(:seconds, :connections, :rounds, :warmup, :workers, :slots, :wrk_threads)
    end
  end
end
