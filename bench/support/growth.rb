# frozen_string_literal: true

require_relative "table"

module Bench
  # Whether a process has grown: the median of the first fifth of the samples against the median of the last fifth.
  # All in KiB.
  class Growth
    # What counts as growth: more than this share, and this much besides.
    SHARE = 0.15
    SLACK = 8 * 1024

    attr_reader :first, :last, :max

    # @param sizes [Array<Integer>] in the order of time, without the warm-up
    def initialize(sizes)
      fifth = [sizes.size / 5, 1].max
      @first = median(sizes.first(fifth))
      @last = median(sizes.last(fifth))
      @max = sizes.max
    end

    # @return [Integer] what {#last} may be
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
