# frozen_string_literal: true

require_relative "cpu_use"
require_relative "load"
require_relative "peer"
require_relative "sample"

module Bench
  # Takes the measurements: round by round, in each round row by row, and in each row one server after the other. So two
  # figures that are compared are seconds apart, and what else the machine does meets both sides alike.
  class Runner
    # @param options [Options]
    # @param columns [Array<Column>] those that can run here
    # @param log [IO] for progress
    def initialize(options, columns, log: $stderr)
      @options = options
      @columns = columns
      @log = log
      @port = Peer.free_port
      @faults = {}
    end

    # @return [Array<String>] what keeps a column out of a row
    def faults = @faults.map { |(row, column), text| "#{column} in #{row}: #{text}" }

    # @return [Array<Sample>]
    def run
      (1..@options.rounds).flat_map do |round|
        @options.rows.flat_map { |row| players(row).filter_map { |column| attempt(round, row, column) } }
      end
    end

    private

    def players(row) = @columns.select { |column| column.plays?(row) && !@faults.key?([row.name, column.name]) }

    # A side that fails does so alone.
    def attempt(round, row, column)
      sample = Peer.new(column.launcher, port: @port, topology: @options.topology(row)).run do |peer|
        check(peer, row) if round == 1
        measure(round, row, column, peer)
      end
      @log.puts format("%<round>d/%<rounds>d %<row>-10s %<column>-14s %<rate>9.0f/s %<errors>s",
                       round:, rounds: @options.rounds, row: row.name, column: column.name, rate: sample.rate,
                       errors: sample.errors.zero? ? "" : "#{sample.errors} errors")
      sample
    rescue Peer::Failed, Load::Failed, IOError, SystemCallError => e
      @faults[[row.name, column.name]] = e.message
      @log.puts "#{round}/#{@options.rounds} #{row.name} #{column.name} FAILED: #{e.message}"
      nil
    end

    # A fast wrong answer is no answer.
    def check(peer, row)
      response = peer.ask(row)
      return if response.status == 200 && row.right?(response.body)

      raise Peer::Failed, "answers #{response.status} #{response.body[0, 60].inspect}"
    end

    def measure(round, row, column, peer)
      wrk = nil
      use = beside(peer, row) do
        row.measure == :memory ? play_battery(peer) : load(peer, row, @options.warmup)
        CpuUse.of(peer.tree) { wrk = load(peer, row, @options.seconds) }
      end
      Sample.new(row: row.name, column: column.name, round:, cpu: use.tree, others: use.others, wrk:,
                 pss: peer.tree.pss)
    end

    def play_battery(peer) = Rows::BATTERY.each { |row| load(peer, row, @options.warmup) }

    def beside(peer, row, &)
      row.beside ? load_of(peer, row.with(path: row.beside)).around(&) : yield
    end

    def load(peer, row, seconds) = load_of(peer, row).run(seconds)

    def load_of(peer, row)
      Load.new(peer.url, row, connections: @options.connections, threads: @options.wrk_threads)
    end
  end
end
