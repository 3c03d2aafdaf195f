# frozen_string_literal: true

require "optparse"

module Bench
  module Chaos
    # The options of bench/chaos.
    Options = Struct.new(:scenarios, :mode, :crashes, :restarts, :seconds, :kills, :json, keyword_init: true) do
      # @param argv [Array<String>]
      # @param known [Array<String>] names of scenarios
      # @return [Options]
      def self.parse(argv, known)
        options = new(scenarios: known, mode: "both", crashes: 1000, restarts: 20, seconds: 30, kills: 10_000,
                      json: false)
        rest = options.parser(known).parse(argv)
        options.scenarios = rest if rest.any?
        options.check(known)
      rescue OptionParser::ParseError => e
        abort "bench/chaos: #{e.message}; see bench/chaos --help"
      end

      def parser(known)
        OptionParser.new do |on|
          on.banner = "Usage: bench/chaos [SCENARIO ...] [options]\n\n" \
                      "Puts a server through #{known.join(", ")}.\n" \
                      "All of them in both modes take about six minutes.\n\n"
          on.on("--mode MODE", %w[ractor threaded both], "ractor, threaded or both (default: both)") { self.mode = it }
          on.on("--crashes N", Integer, "workers that die (default: #{crashes})") { self.crashes = it }
          on.on("--restarts N", Integer, "restarts of each kind (default: #{restarts})") { self.restarts = it }
          on.on("--seconds N", Integer, "how long the overload lasts (default: #{seconds})") { self.seconds = it }
          on.on("--kills N", Integer, "clients that are killed (default: #{kills})") { self.kills = it }
          on.on("--json", "print JSON instead of the tables") { self.json = true }
        end
      end

      # @return [self]
      def check(known)
        unknown = scenarios - known
        raise OptionParser::InvalidArgument, "no scenario #{unknown.first}" if unknown.any?
        return self if [crashes, restarts, seconds, kills].all?(&:positive?)

        raise OptionParser::InvalidArgument, "numbers are 1 or more"
      end

      # @return [Array<String>]
      def modes = mode == "both" ? %w[ractor threaded] : [mode]
    end
  end
end
