# frozen_string_literal: true

require "kino/error_log"
require "kino/hooks"

module Kino
  module Hooks
    # The hooks of one server that have threads of their own, so that one that hangs keeps nobody from stopping the
    # server, and nothing from being replaced.
    #
    # @api private
    class Threads
      def initialize
        @lock = Mutex.new
        @threads = []
      end

      # Calls a hook, and waits until it has returned or been waited for long enough.
      #
      # @param name [Symbol]
      # @param hook [#call, nil]
      # @param seconds [Numeric]
      # @return [void]
      def call(name, hook, seconds)
        return unless hook
        return if start(name) { Hooks.call_safely(name, hook) }.join(seconds)

        ErrorLog.line("the hook #{name} has not returned after #{seconds.round(1)} s and is waited for no longer")
      end

      # Calls a hook, and goes on meanwhile.
      #
      # @param name [Symbol]
      # @param hook [#call]
      # @param over [Thread::Queue] is closed when the hook has returned, or however it ended
      # @return [void]
      def begin(name, hook, over:)
        start(name) do
          Hooks.call_safely(name, hook)
        ensure
          over.close
        end
      rescue ThreadError
        over.close
        raise
      end

      # @param name [Symbol]
      # @yield on the new thread
      # @return [Thread]
      # @raise [ThreadError] where there is none left
      def start(name, &)
        @lock.synchronize do
          @threads.select!(&:alive?)
          thread = Thread.new(&)
          thread.name = "kino-#{name}"
          @threads << thread
          thread
        end
      end

      # @return [Boolean] whether the caller is such a hook
      def own?
        @lock.synchronize { @threads.include?(Thread.current) }
      end
    end
  end
end
