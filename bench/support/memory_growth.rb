# frozen_string_literal: true

require_relative "table"

module Bench
  # Whether a process has grown: compares the medians of the first and the last fifth of the samples, in KiB.
  class MemoryGrowth
    # More than this share plus this slack counts as growth.
    SHARE = 0.15
    SLACK = 8 * 1024

    attr_reader :first, :last, :max

    # @param sizes [Array<Integer>] in chronological order, without the warm-up
    def initialize(sizes)
      fifth = [sizes.size / 5, 1].max
      @first = median(sizes.first(fifth))
      @last = median(sizes.last(fifth))
      @max = sizes.max
    end

    # @return [Integer] the most that {#last} may be
    def limit = (first * (1 + SHARE)).round + SLACK

    # @return [Boolean]
    def flat? = last <= limit

    # @return [Hash{Symbol=>Integer}]
    def to_h = { first:, last:, max:, limit: }

    # @return [String]
    def to_s
      first, last, max, limit = to_h.values.map { |size| Table.mib(size) }
      "#{first} -> #{last}, max #{max}, may be #{limit}"
    end

    private

    def median(sizes)
      sorted = sizes.sort
      (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2
    end
  end
end
