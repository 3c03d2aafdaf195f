# frozen_string_literal: true

require "kino/pool/supervisor"

module Kino
  # Where workers run. Both kinds have the same interface: {Base#start}, {Base#join}, {Base#respawns}.
  module Pool
    # What a worker could not be rescued from.
    class WorkerExit < Error; end

    # What both kinds of pool do.
    class Base
      # @param server_id [Integer] the server in {Native}
      # @param app [#call] the Rack app
      # @param workers [Integer]
      # @param threads [Integer] threads a worker
      def initialize(server_id:, app:, workers:, threads:)
        @server_id = server_id
        @app = app
        @workers = workers
        @threads = threads
      end

      # @return [self]
      def start
        @supervisors = names.map { |name| Supervisor.new(name:, spawn: method(:spawn)).start }
        self
      end

      # Waits for the workers to leave; those that do not are given up.
      # @param seconds [Numeric] for all of them together
      # @return [Boolean] whether all have left
      def join(seconds)
        deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
        late = @supervisors.reject do |supervisor|
          supervisor.join([deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC), 0].max)
        end
        late.each(&:abandon)
        late.empty?
      end

      # @return [Integer] how many dead workers were replaced
      def respawns
        @supervisors.sum(&:respawns)
      end
    end
  end
end
