# frozen_string_literal: true

require "optparse"

module Bench
  # The options of bench/soak.
  SoakOptions = Struct.new(:seconds, :workers, :threads, :mode, :connections, :json, keyword_init: true) do
    # @param argv [Array<String>]
    # @return [SoakOptions]
    def self.parse(argv)
      options = new(seconds: 60, workers: 4, threads: 1, mode: "ractor", connections: 64, json: false)
      rest = options.parser.parse(argv)
      raise OptionParser::InvalidArgument, "one duration at most" if rest.size > 1

      options.seconds = Integer(rest.first, exception: false) if rest.any?
      options.check
    rescue OptionParser::ParseError => e
      abort "bench/soak: #{e.message}; see bench/soak --help"
    end

    def parser
      OptionParser.new do |on|
        on.banner = "Usage: bench/soak [SECONDS] [options]\n\n" \
                    "Loads a server with mixed requests, 60 seconds unless told otherwise.\n\n"
        on.on("--workers N", Integer, "workers (default: #{workers})") { |n| self.workers = n }
        on.on("--threads N", Integer, "threads a worker (default: #{threads})") { |n| self.threads = n }
        on.on("--mode MODE", %w[ractor threaded], "ractor or threaded (default: #{mode})") { |name| self.mode = name }
        on.on("--connections N", Integer, "wrk's connections (default: #{connections})") { |n| self.connections = n }
        on.on("--json", "print JSON instead of the table") { self.json = true }
      end
    end

    # @return [self]
    def check
      raise OptionParser::InvalidArgument, "the duration is 10 seconds or more" unless seconds.to_i >= 10
      return self if [workers, threads, connections].all?(&:positive?)

      raise OptionParser::InvalidArgument, "numbers are 1 or more"
    end
  end
end
