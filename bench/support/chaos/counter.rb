# frozen_string_literal: true

module Bench
  module Chaos
    # Counts occurrences, from several threads.
    class Counter
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

      # @return [Integer] how often the key, or keys that match a pattern, occurred
      def [](key) = @counts.sum { |own, count| key === own ? count : 0 } # rubocop:disable Style/CaseEquality

      # @return [Integer]
      def total = @counts.values.sum

      # @return [Hash{Object=>Integer}]
      def to_h = @counts.dup

      # @return [String] most frequent first
      def to_s
        return "none" if @counts.empty?

        @counts.sort_by { |_, count| -count }.map { |key, count| "#{count} #{Array(key).join(" ")}" }.join(", ")
      end
    end
  end
end
