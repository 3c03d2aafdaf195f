# frozen_string_literal: true

require "kino/pool/crew"

module Kino
  module Pool
    # `workers` Ractors with `threads` threads each: a shareable app. Each Ractor has a thread of the
    # main Ractor that waits for its end, and starts another if it died.
    class Ractors
      # @param server_id [Integer] the server in {Native}
      # @param app [#call] the Rack app, shareable
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
        @supervisors = Array.new(@workers) { |index| supervise("kino-worker-#{index + 1}") }
        self
      end

      # Waits for the workers to leave. A Ractor cannot be killed from outside: one that does not leave
      # is given up, and ends with the process.
      # @param seconds [Numeric] for all of them together
      # @return [Boolean] whether all have left
      def join(seconds)
        deadline = now + seconds
        late = @supervisors.reject { |thread| thread.join([deadline - now, 0].max) }
        late.each(&:kill)
        late.empty?
      end

      # What a worker Ractor does.
      # @param server_id [Integer]
      # @param app [#call]
      # @param threads [Integer]
      # @param name [String] its own
      # @return [Symbol, Exception, nil] see {Worker.outcome}
      def self.work(server_id, app, threads, name)
        # Not a crew of one: on Ruby 3.4 a Ractor must not have a second thread.
        return Worker.outcome(server_id:, app:) if threads == 1

        Crew.new(server_id:, app:, size: threads, name:).run
        :closed
      end

      private

      def supervise(name)
        ractor = spawn(name)
        thread = Thread.new do
          while (error = cause_of_end(ractor))
            WorkerExit.report(@server_id, name, error)
            ractor = spawn(name)
          end
        end
        thread.name = "kino-supervisor of #{name}"
        thread
      end

      def spawn(name)
        quietly do
          Ractor.new(@server_id, @app, @threads, name:) do |server_id, app, threads|
            Thread.current.report_on_exception = false
            Kino::Pool::Ractors.work(server_id, app, threads, Ractor.current.name)
          end
        end
      end

      # Ruby 3.4 has no `value`, and 4.0 no `take`.
      def cause_of_end(ractor)
        WorkerExit.cause(ractor.respond_to?(:value) ? ractor.value : ractor.take)
      rescue Ractor::RemoteError => e
        e.cause || e
      end

      # The VM says at the start of the first Ractor that they are experimental; the banner does too.
      def quietly
        before = Warning[:experimental]
        Warning[:experimental] = false
        yield
      ensure
        Warning[:experimental] = before
      end

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
