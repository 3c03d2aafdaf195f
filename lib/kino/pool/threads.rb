# frozen_string_literal: true

require "kino/pool/crew"

module Kino
  # Where workers run. Both kinds have the same interface: `start`, and `join`.
  module Pool
    # `workers` x `threads` plain threads: any app.
    class Threads
      # @param server_id [Integer] the server in {Native}
      # @param app [#call] the Rack app
      # @param workers [Integer]
      # @param threads [Integer] threads a worker
      def initialize(server_id:, app:, workers:, threads:)
        @crew = Crew.new(server_id:, app:, size: workers * threads, name: "kino-worker", indexes: workers.times)
      end

      # @return [self]
      def start
        @thread = Thread.new { @crew.run }
        @thread.name = "kino-supervisor"
        self
      end

      # Waits for the workers to leave, and kills those that do not.
      # @param seconds [Numeric]
      # @return [Boolean] whether all have left by themselves
      def join(seconds)
        return true if @thread.join(seconds)

        @thread.kill.join
        @crew.kill
        false
      end
    end
  end
end
