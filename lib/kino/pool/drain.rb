# frozen_string_literal: true

module Kino
  module Pool
    # Tells removed workers to leave. A thread that has not booted yet cannot be told, so it is told again later.
    class Drain
      # Seconds between attempts.
      INTERVAL = 0.02

      # @param server_id [Integer] the server in {Native}
      def initialize(server_id)
        @server_id = server_id
        @pending = {} # threads that have not been told, by index
      end

      # @return [Boolean] whether some threads have not been told
      def pending? = @pending.any?

      # @param index [Integer] of a worker
      # @return [Boolean] whether some of its threads have not been told
      def include?(index) = @pending.key?(index)

      # Tells a worker to leave.
      # @param index [Integer]
      # @param threads [Integer] how many it has, including quarantined ones, which know already
      # @return [void]
      def add(index, threads)
        @pending[index] = threads # first, so that the worker is told even if the next line raises
        rows = Native.stats(@server_id)[:per_worker]
        @pending[index] -= rows.count { |row| row[:index] == index && row[:quarantined] && !row[:relieved] }
        tell
      end

      # Tells the threads that have booted meanwhile.
      # @return [void]
      def tell
        @pending.each_key { |index| @pending[index] -= Native.retire(@server_id, index) }
        @pending.delete_if { |_, threads| threads <= 0 }
      end

      # Forgets all workers: they are relieved, so the engine has told them.
      # @return [void]
      def clear = @pending.clear

      # Forgets a worker of which nothing runs any more.
      # @param index [Integer]
      # @return [void]
      def forget(index) = @pending.delete(index)
    end
  end
end
