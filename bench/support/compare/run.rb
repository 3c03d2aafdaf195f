# frozen_string_literal: true

require "json"
require_relative "comparison"
require_relative "machine"
require_relative "markdown"
require_relative "options"
require_relative "runner"

module Bench
  # Servers side by side. See bench/README.md for how.
  class Run
    # @param options [Options]
    def initialize(options)
      @options = options
    end

    # @return [Boolean] whether all sides played and none made an error
    def run
      @machine = Machine.facts
      @columns = playable(@options.columns + @options.also)
      @runner = Runner.new(@options, @columns)
      @samples = @runner.run
      @comparison = Comparison.new(@samples)
      @machine[:load_after] = Machine.load
      puts @options.json ? JSON.pretty_generate(facts) : report
      @runner.faults.empty? && @comparison.total_errors.zero?
    end

    private

    def playable(columns)
      @skipped = columns.filter_map { |column| (text = column.obstacle) && [column.name, text] }.to_h
      @skipped.each { |name, text| warn "#{name}: skipped, #{text}" }
      found = columns.reject { |column| @skipped.key?(column.name) }
      abort "bench/run: nothing to measure" if found.empty?
      found
    end

    def report
      [machine_line, options_line, "", Markdown.new(@comparison, @options.rows, @columns), "",
       *@skipped.map { |name, text| "skipped: #{name}, #{text}" }, *@runner.faults].join("\n")
    end

    def machine_line
      @machine.map { |name, value| "#{name.to_s.tr("_", " ")} #{value}" }.join("; ")
    end

    def options_line
      @options.facts.map { |name, value| "#{name.to_s.tr("_", " ")} #{value}" }.join("; ")
    end

    def facts
      { machine: @machine, options: @options.facts, skipped: @skipped, faults: @runner.faults,
        samples: @samples.map(&:facts) }
    end
  end
end

abort "bench/run: wrk is missing (on Debian the package wrk)" unless Bench::Load.available?
abort "bench/run: this system has no /proc/PID/smaps_rollup; Linux has" unless Bench::ProcessFacts.available?

begin
  exit Bench::Run.new(Bench::Options.parse(ARGV)).run
rescue Interrupt
  exit 130
end
