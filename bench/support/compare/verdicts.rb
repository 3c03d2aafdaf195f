# frozen_string_literal: true

require_relative "bars"
require_relative "markdown_table"

module Bench
  # Checks the figures of a run against the bars.
  class Verdicts
    Verdict = Data.define(:bar, :ratio) do
      # @return [Boolean, nil] nil if the run did not measure it
      def met? = ratio && bar.met?(ratio)

      # @return [String]
      def to_s
        return "not measured" unless ratio

        met? ? "met" : format("short by %.0f %%", bar.gap(ratio))
      end
    end

    MEASURES = { rate: "requests/s", p50: "p50", cpu_us: "CPU time/request", pss: "PSS",
                 instructions: "instructions/request" }.freeze

    # @param comparison [Comparison]
    # @param instructions [Hash{String=>Float}, nil] a request, by column
    # @param bars [Array<Bar>]
    def initialize(comparison, instructions: nil, bars: Bars::ALL)
      @verdicts = bars.map { |bar| Verdict.new(bar:, ratio: ratio(comparison, instructions, bar)) }
    end

    # @return [Boolean] whether all measured figures meet their bars
    def met? = @verdicts.none? { |verdict| verdict.met? == false }

    # @return [String]
    def to_s
      lines = @verdicts.map do |verdict|
        bar = verdict.bar
        [bar.row, "#{bar.of} / #{bar.against}", MEASURES.fetch(bar.measure), bar.demand,
         verdict.ratio ? format("%.2f", verdict.ratio) : "-", verdict]
      end
      MarkdownTable.new(%w[bar sides figure demanded measured verdict], lines, words: 3).to_s
    end

    # @return [Array<Hash>] for JSON
    def facts = @verdicts.map { |verdict| { **verdict.bar.to_h.compact, ratio: verdict.ratio, met: verdict.met? } }

    private

    def ratio(comparison, instructions, bar)
      return comparison.ratio(bar.measure, bar.row, bar.of, bar.against)&.median unless bar.measure == :instructions

      of, against = instructions&.values_at(bar.of, bar.against)
      of / against if of && against
    end
  end
end
