# frozen_string_literal: true

require "json"
require_relative "chart"
require_relative "comparison"
require_relative "instructions"
require_relative "machine"
require_relative "markdown"
require_relative "options"
require_relative "runner"
require_relative "verdicts"

module Bench
  # Compares servers side by side, as bench/README.md describes.
  class Run
    # The command: checks its requirements, measures, and exits.
    #
    # @param argv [Array<String>]
    # @param defaults [Hash] overrides of {Options}' defaults, such as `:columns`
    # @return [void]
    def self.start(argv, **defaults)
      abort "bench/run: wrk is missing (on Debian the package wrk)" unless Load.available?
      abort "bench/run: needs /proc/PID/smaps_rollup, which only Linux has" unless ProcessFacts.available?

      exit new(Options.parse(argv, **defaults)).run
    rescue Interrupt
      exit 130
    end

    # @param options [Options]
    def initialize(options)
      @options = options
    end

    # @return [Boolean] whether all sides ran without an error and met the bars, if they were asked for
    def run
      measure
      puts @options.json ? JSON.pretty_generate(facts) : report
      File.write(@options.svg, chart.to_s) if @options.svg
      @runner.faults.empty? && @comparison.total_errors.zero? && (@verdicts.nil? || @verdicts.met?)
    end

    private

    def measure
      @machine = Machine.facts
      @columns = runnable(@options.columns + @options.also)
      @runner = Runner.new(@options, @columns)
      @samples = @runner.run
      @comparison = Comparison.new(@samples)
      @verdicts = Verdicts.new(@comparison, instructions:) if @options.bars
      @machine[:load_after] = Machine.load
    end

    # Needs valgrind and most of a minute, so it runs only if both sides of that bar take part.
    def instructions
      chosen = @columns.map(&:name) & Instructions::COLUMNS
      Instructions.new.run if chosen == Instructions::COLUMNS && Instructions.available?
    end

    def runnable(columns)
      @skipped = columns.filter_map { |column| (text = column.skip_reason) && [column.name, text] }.to_h
      @skipped.each { |name, text| warn "#{name}: skipped, #{text}" }
      found = columns.reject { |column| @skipped.key?(column.name) }
      abort "bench/run: nothing to measure" if found.empty?
      found
    end

    def report
      [machine_line, options_line, others_line, "", Markdown.new(@comparison, @options.rows, @columns), "",
       *(@verdicts && [@verdicts, ""]), *@skipped.map { |name, text| "skipped: #{name}, #{text}" },
       *@runner.faults].join("\n")
    end

    def machine_line
      @machine.map { |name, value| "#{name.to_s.tr("_", " ")} #{value}" }.join("; ")
    end

    def chart
      ruby, puma, cpus = @machine.values_at(:ruby, :puma, :cpus)
      seconds, connections, rounds, workers = @options.facts.values_at(:seconds, :connections, :rounds, :workers)
      note = [ruby.sub("ruby", "Ruby"), *("Puma #{puma}" if puma), "#{cpus} cores", "#{workers} workers on each side",
              "wrk with #{connections} connections", "medians of #{rounds} x #{seconds} s"].join(", ")
      Chart.new(@comparison, @options.rows, @columns, note:)
    end

    def options_line
      @options.facts.map { |name, value| "#{name.to_s.tr("_", " ")} #{value}" }.join("; ")
    end

    def others_line
      return if @samples.empty?

      format("other processes kept %<median>.2f cores busy (%<min>.2f to %<max>.2f)", @comparison.other_cores.to_h)
    end

    def facts
      { machine: @machine, options: @options.facts, skipped: @skipped, faults: @runner.faults,
        bars: @verdicts&.facts, samples: @samples.map(&:facts) }
    end
  end
end
