# frozen_string_literal: true

require "kino/pool/crew"

module Kino
  module Pool
    # `workers` Ractors with `threads` threads each: a shareable app. A thread of the main Ractor is told
    # when one ends, and starts another if it died.
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
        Array.new(@workers) { |index| spawn(index) }
        @thread = Thread.new { supervise }
        @thread.name = "kino-supervisor"
        self
      end

      # Waits for the workers to leave. A Ractor cannot be killed from outside: one that does not leave
      # is given up, and ends with the process.
      # @param seconds [Numeric] for all of them together
      # @return [Boolean] whether all have left
      def join(seconds)
        return true if @thread.join(seconds)

        @thread.kill
        false
      end

      # What a worker Ractor does. It says by itself how it ended, see {Native}.
      # @param server_id [Integer]
      # @param app [#call]
      # @param threads [Integer]
      # @param index [Integer] its own
      # @return [void]
      def self.work(server_id, app, threads, index)
        outcome = nil
        outcome = run(server_id, app, threads, index)
      ensure
        # Here, so that a thread that is killed says so too; its outcome is nil then.
        error = WorkerExit.cause(outcome)
        Native.report_end(server_id, index, error && ErrorLog.describe(error))
      end

      def self.run(server_id, app, threads, index)
        # Not a crew of one: on Ruby 3.4 a Ractor must not have a second thread.
        return Worker.outcome(server_id:, app:, index:) if threads == 1

        Crew.new(server_id:, app:, size: threads, name: Ractor.current.name, indexes: [index]).run
      end
      private_class_method :run

      private

      def supervise
        left = @workers
        while left.positive?
          index, cause = Native.await_end(@server_id)
          next left -= 1 unless cause

          WorkerExit.report(@server_id, name(index), cause)
          spawn(index)
        end
      end

      def name(index) = "kino-worker-#{index + 1}"

      def spawn(index)
        quietly do
          Ractor.new(@server_id, @app, @threads, index, name: name(index)) do |server_id, app, threads, own|
            Thread.current.report_on_exception = false
            Kino::Pool::Ractors.work(server_id, app, threads, own)
          end
        end
      end

      # The VM says at the start of the first Ractor that they are experimental; the banner does too.
      def quietly
        before = Warning[:experimental]
        Warning[:experimental] = false
        yield
      ensure
        Warning[:experimental] = before
      end
    end
  end
end
