# frozen_string_literal: true

module Bench
  module Chaos
    # Counts, from several threads.
    class Tally
      def initialize
        @counts = Hash.new(0)
        @lock = Mutex.new
      end

      # @param key [Object]
      # @param by [Integer]
      # @return [void]
      def add(key, by = 1)
        @lock.synchronize { @counts[key] += by }
      end

      # @return [Integer] how often a key, or those that a pattern is true of, came
      def [](key) = @counts.sum { |own, count| key === own ? count : 0 } # rubocop:disable Style/CaseEquality

      # @return [Integer]
      def total = @counts.values.sum

      # @return [Hash{Object=>Integer}]
      def to_h = @counts.dup

      # @return [String] the most frequent first
      def to_s
        return "none" if @counts.empty?

        @counts.sort_by { |_, count| -count }.map { |key, count| "#{count} #{Array(key).join(" ")}" }.join(", ")
      end
    end
  end
end
