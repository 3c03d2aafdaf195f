# frozen_string_literal: true

require "kino/error_log"
require "kino/hooks"

module Kino
  module Pool
    # Calls the hook `on_worker_exit`, one call after another, on a thread of its own: workers are replaced at once,
    # whatever the hook does, and be it that it hangs or ends its thread.
    class ExitHook
      # Calls that may wait. Where a hook hangs and workers go on dying, something has to give.
      MOST = 1024

      # @param hook [#call, nil]
      # @param threads [Hooks::Threads] that its thread is to be one of
      def initialize(hook, threads:)
        @hook = hook
        @threads = threads
        @calls = Thread::Queue.new
        @is_behind = false
      end

      # Has it called; does not wait for that.
      #
      # @param index [Integer] of a worker
      # @param error [Exception, nil] what it died of
      # @return [void]
      def tell(index, error)
        return unless @hook
        return fall_behind if @calls.size >= MOST

        @is_behind = false
        @calls << [index, error]
        run
      end

      # Waits until all calls are over. Nothing may be told after that.
      #
      # @param seconds [Numeric] at most
      # @return [void]
      def finish(seconds)
        deadline = now + seconds
        @calls.close
        while run
          next if @thread.join([deadline - now, 0].max)

          ErrorLog.line("the hook on_worker_exit has not returned and is waited for no longer; calls left out: " \
                        "#{@calls.size}")
          break
        end
      end

      private

      # A hook may end its thread, and then the next goes on.
      # @return [Boolean] whether there is anything to wait for
      def run
        return true if @thread&.alive?
        return false if @calls.empty?

        @thread = @threads.start(:on_worker_exit) do
          while (call = @calls.pop)
            Hooks.call_safely(:on_worker_exit, @hook, *call)
          end
        end
        true
      rescue ThreadError # none is left: the next who is told of tries again
        false
      end

      def fall_behind
        ErrorLog.line("the hook on_worker_exit is #{MOST} calls behind: further ones are left out") unless @is_behind
        @is_behind = true
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
