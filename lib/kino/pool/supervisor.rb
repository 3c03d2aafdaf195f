# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Pool
    # Keeps one worker of a pool alive: starts it, waits for its end, and starts another if it died.
    # Runs on a thread of the main Ractor.
    class Supervisor
      # @return [Integer] how often a dead worker was replaced
      attr_reader :respawns

      # @param name [String] the worker's name in logs and thread lists
      # @param spawn [#call] starts a worker; returns what answers `wait`, which returns nil when the
      #   server was closed and the exception when the worker died
      def initialize(name:, spawn:)
        @name = name
        @spawn = spawn
        @respawns = 0
      end

      # @return [self]
      # @raise [StandardError] what kept the first worker from starting
      def start
        worker = @spawn.call(@name)
        @thread = Thread.new { supervise(worker) }
        @thread.name = "supervisor of #{@name}"
        self
      end

      # @param seconds [Numeric] how long to wait at most
      # @return [Boolean] whether the worker has left
      def join(seconds)
        !@thread.join(seconds).nil?
      end

      # Stops waiting for a worker that does not leave.
      # @return [void]
      def abandon
        @worker&.kill
        @thread.kill.join
      end

      private

      def supervise(worker)
        @worker = worker
        while (error = @worker.wait)
          ErrorLog.line("#{@name} died and is replaced: #{ErrorLog.describe(error)}")
          @respawns += 1
          @worker = @spawn.call(@name)
        end
      end
    end
  end
end
