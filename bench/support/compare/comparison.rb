# frozen_string_literal: true

module Bench
  # Summarises the samples of a run. A ratio is taken within each round, where both sides ran seconds apart on the same
  # machine; the median of those counts.
  class Comparison
    Spread = Data.define(:median, :min, :max)

    # @param values [Array<Numeric>]
    # @return [Numeric]
    def self.median(values)
      sorted = values.sort
      (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2.0
    end

    # @param samples [Array<Sample>]
    def initialize(samples)
      @samples = samples.group_by { |sample| [sample.row, sample.column] }
    end

    # @param row [String]
    # @param column [String]
    # @return [Array<Sample>]
    def samples(row, column) = @samples.fetch([row, column], [])

    # @return [Boolean]
    def any?(row, column) = samples(row, column).any?

    # @param measure [Symbol] of {Sample}
    # @return [Spread, nil]
    def spread(measure, row, column)
      values = samples(row, column).map(&measure)
      Spread.new(median: self.class.median(values), min: values.min, max: values.max) if values.any?
    end

    # @return [Spread, nil] one column's measure divided by the other's
    def ratio(measure, row, column, other)
      others = samples(row, other).to_h { |sample| [sample.round, sample.public_send(measure)] }
      values = samples(row, column).filter_map do |sample|
        divisor = others[sample.round]
        sample.public_send(measure).fdiv(divisor) if divisor&.positive?
      end
      Spread.new(median: self.class.median(values), min: values.min, max: values.max) if values.any?
    end

    # @return [Integer]
    def errors(row, column) = samples(row, column).sum(&:errors)

    # @return [Spread] how many cores other processes kept busy
    def other_cores
      values = @samples.values.flatten.map(&:other_cores)
      Spread.new(median: self.class.median(values), min: values.min, max: values.max)
    end

    # @return [Integer] of all
    def total_errors = @samples.values.flatten.sum(&:errors)
  end
end
