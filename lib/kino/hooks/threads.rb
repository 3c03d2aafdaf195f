# frozen_string_literal: true

require "kino/error_log"
require "kino/hooks"

module Kino
  module Hooks
    # Runs hooks of one server on threads of their own, so that a hook that hangs cannot keep the server from stopping
    # or from replacing workers.
    #
    # @api private
    class Threads
      def initialize
        @lock = Mutex.new
        @threads = []
      end

      # Calls a hook, and waits until it has returned or the time is over.
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

      # Calls a hook without waiting for it.
      #
      # @param name [Symbol]
      # @param hook [#call]
      # @param done [Thread::Queue] is closed when the hook ends, however it ends
      # @return [void]
      def call_async(name, hook, done:)
        start(name) do
          Hooks.call_safely(name, hook)
        ensure
          done.close
        end
      rescue ThreadError
        done.close
        raise
      end

      # @param name [Symbol]
      # @yield on the new thread
      # @return [Thread]
      # @raise [ThreadError] if no thread can be started
      def start(name, &)
        @lock.synchronize do
          @threads.select!(&:alive?)
          thread = Thread.new(&)
          thread.name = "kino-#{name}"
          @threads << thread
          thread
        end
      end

      # @return [Boolean] whether the caller is on one of these threads
      def current?
        @lock.synchronize { @threads.include?(Thread.current) }
      end
    end
  end
end
