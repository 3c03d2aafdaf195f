# frozen_string_literal: true

module Kino
  module Pool
    # Workers that are to leave. A thread that has not begun yet cannot be told; so those are told again.
    class Retiring
      # Seconds after which to tell them again.
      EVERY = 0.02

      # @param server_id [Integer] the server in {Native}
      def initialize(server_id)
        @server_id = server_id
        @left = {} # threads that have not been told, by index
      end

      # @return [Boolean] whether some have not been told
      def any? = @left.any?

      # @param index [Integer] of a worker
      # @return [Boolean] whether some of its threads have not been told
      def include?(index) = @left.key?(index)

      # Tells a worker.
      # @param index [Integer]
      # @param threads [Integer] how many it has, those that are set aside included: they know
      # @return [void]
      def add(index, threads)
        @left[index] = threads # at once: if the question fails, it is told all the same
        rows = Native.stats(@server_id)[:per_worker]
        @left[index] -= rows.count { |row| row[:index] == index && row[:quarantined] && !row[:relieved] }
        tell
      end

      # Tells those who have begun meanwhile.
      # @return [void]
      def tell
        @left.each_key { |index| @left[index] -= Native.retire(@server_id, index) }
        @left.delete_if { |_, left| left <= 0 }
      end

      # All that there are were told.
      # @return [void]
      def clear = @left.clear

      # Nothing of that worker runs any more.
      # @param index [Integer]
      # @return [void]
      def forget(index) = @left.delete(index)
    end
  end
end
