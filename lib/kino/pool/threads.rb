# frozen_string_literal: true

require "kino/pool/base"
require "kino/worker"

module Kino
  module Pool
    # `workers` x `threads` plain threads: any app.
    class Threads < Base
      # A thread that is waited for, or killed.
      Handle = Struct.new(:thread) do
        # @return [Exception, nil] what it died of
        def wait
          finished = thread.join.value
          finished == :closed ? nil : WorkerExit.new("its thread was killed or left by throw")
        rescue Exception => e # rubocop:disable Lint/RescueException -- whatever it was, it did not reach this thread
          e
        end

        # @return [void]
        def kill
          thread.kill
        end
      end

      private

      def names
        Array.new(@workers * @threads) { |index| "kino-worker-#{index + 1}" }
      end

      def spawn(name)
        thread = Thread.new do
          Thread.current.report_on_exception = false
          Worker.new(server_id: @server_id, app: @app).run
          :closed
        end
        thread.name = name
        Handle.new(thread)
      end
    end
  end
end
