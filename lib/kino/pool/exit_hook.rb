# frozen_string_literal: true

require "kino/error_log"
require "kino/hooks"

module Kino
  module Pool
    # Calls the hook `on_worker_exit`, one call after another, on a thread of its own: workers are replaced at once even
    # if the hook hangs or kills its thread.
    class ExitHook
      # Most calls that may wait. If a hook hangs while workers go on dying, something has to give.
      MOST = 1024

      # @param hook [#call, nil]
      # @param threads [Hooks::Threads] starts its thread
      def initialize(hook, threads:)
        @hook = hook
        @threads = threads
        @calls = Thread::Queue.new
        @is_behind = false
      end

      # Queues a call of the hook.
      #
      # @param index [Integer] of a worker
      # @param error [Exception, nil] what it died of
      # @return [void]
      def notify(index, error)
        return unless @hook
        return fall_behind if @calls.size >= MOST

        @is_behind = false
        @calls << [index, error]
        run
      end

      # Waits until all calls have returned. No call may be queued after that.
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

      # Starts another thread if the hook has killed the last one.
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
      rescue ThreadError # no thread is left: the next notification tries again
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
