# frozen_string_literal: true

require "kino/error_log"
require "kino/worker"

module Kino
  module Pool
    # A worker ended with nothing to say, which leaves one reason: `Thread#kill`.
    class WorkerExit < Error
      # @param outcome [Symbol, Exception, nil] what {Worker.outcome} returned; nil if it did not
      # @return [Exception, nil] what the worker died of; nil if it left as it should
      def self.cause(outcome)
        case outcome
        when :closed then nil
        when Exception then outcome
        else new("its thread was killed")
        end
      end

      # Says that a worker is replaced, and counts it.
      # @param server_id [Integer]
      # @param name [String] the worker's
      # @param cause [String] what it died of
      # @return [void]
      def self.report(server_id, name, cause)
        ErrorLog.line("#{name} died and is replaced: #{cause}")
        Native.count_respawn(server_id)
      end
    end

    # Worker threads of one Ractor, the main one or another: each that dies is replaced, and the others
    # go on meanwhile.
    class Crew
      # @param server_id [Integer] the server in {Native}
      # @param app [#call] the Rack app
      # @param size [Integer] how many threads
      # @param name [String] prefix of the threads' names
      # @param indexes [Enumerable<Integer>] of whose connections the threads drive, one after another
      def initialize(server_id:, app:, size:, name:, indexes: [0])
        @server_id = server_id
        @app = app
        @size = size
        @name = name
        @indexes = indexes.cycle
        @ended = Thread::Queue.new
        @threads = {}
      end

      # Returns when all threads have left because the server is closed.
      # @return [Symbol] :closed
      def run
        @size.times { |number| start("#{@name}-#{number + 1}", @indexes.next) }
        until @threads.empty?
          name, index, outcome = @ended.pop
          error = WorkerExit.cause(outcome)
          @threads.delete(name)
          next unless error

          WorkerExit.report(@server_id, name, ErrorLog.describe(error))
          start(name, index)
        end
        :closed
      end

      # Kills the threads. Whoever runs {#run} has to be stopped before.
      # @return [void]
      def kill
        # A handler may have called for the end; it is to see it.
        @threads.each_value { |thread| thread.kill unless thread == Thread.current }
      end

      private

      def start(name, index)
        @threads[name] = Thread.new do
          Thread.current.name = name
          outcome = Worker.outcome(server_id: @server_id, app: @app, index:)
        ensure
          # Here, so that a thread that is killed is missed too; its outcome is nil then.
          @ended << [name, index, outcome]
        end
      end
    end
  end
end
