# frozen_string_literal: true

require "json"
require "kino/check"
require "optparse"
require_relative "clock"
require_relative "generated_app"

module Bench
  # Times the check of a generated app.
  class CheckSpeed
    # Seconds that a check may take.
    LIMIT = 2

    # @param classes [Integer] of the app
    # @param rounds [Integer] the median counts
    def initialize(classes:, rounds:)
      @app = GeneratedApp.load(classes)
      @classes = classes
      @rounds = rounds
    end

    # @return [Boolean] whether it was fast enough and could read the whole app
    def passed? = median <= LIMIT && @report.ready?

    # @return [Hash]
    def to_h = { passed: passed?, classes: @classes, verdict: @report.verdict, seconds: }

    # @return [String]
    def to_s
      format("%<classes>d classes, %<verdict>s: %<median>.2f s (%<least>.2f to %<most>.2f), at most %<limit>d",
             classes: @classes, verdict: @report.verdict, median:, least: seconds.min, most: seconds.max, limit: LIMIT)
    end

    private

    def median = seconds.sort[@rounds / 2]

    def seconds
      @seconds ||= Array.new(@rounds) do
        started = Clock.now
        @report = Kino::Check.report(@app)
        Clock.now - started
      end
    end
  end
end

options = { classes: 500, rounds: 3 }
parser = OptionParser.new do |on|
  on.banner = "Usage: bench/check [options]\n\nMeasures how long the check of a generated app takes.\n\n"
  on.on("--classes N", Integer, "how many classes the app has (default: #{options[:classes]})")
  on.on("--rounds N", Integer, "how often to check it; the median counts (default: #{options[:rounds]})")
  on.on("--json", "print JSON")
end

begin
  rest = parser.parse(ARGV, into: options)
  raise OptionParser::InvalidArgument, rest.first if rest.any?

  speed = Bench::CheckSpeed.new(**options.slice(:classes, :rounds))
  passed = speed.passed?
  verdict = passed ? "PASSED" : "FAILED"
  puts options[:json] ? JSON.generate(speed.to_h) : [speed, verdict]
  exit passed
rescue OptionParser::ParseError => e
  abort "bench/check: #{e.message}; see bench/check --help"
end
