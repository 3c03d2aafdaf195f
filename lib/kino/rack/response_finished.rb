# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Rack
    # Calls the callables that an app puts into `env["rack.response_finished"]`, for one request at a time.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc rack.response_finished
    class ResponseFinished
      # @param env [Hash] a Rack env, which the app may have changed in any way
      # @return [Boolean] whether there are any
      def self.awaited?(env)
        callables = env["rack.response_finished"]
        callables.is_a?(Array) && !callables.empty?
      end

      # @param failure [Failure] reports what they raise
      def initialize(failure)
        @failure = failure
        @left = []
      end

      # Sets their arguments, unless they are set already: an `exit` in one of them does not change the outcome of the
      # answer.
      #
      # @param status [Integer, nil] nil if the app has returned none
      # @param headers [Hash, nil]
      # @param error [Exception, nil] what kept the answer from being complete
      # @return [void]
      def record(status, headers, error)
        @outcome ||= [status, headers, error]
        nil
      end

      # Calls them, the last one first. What one raises is reported, and the others still run. Each is removed before it
      # is called: if one ends the worker, another `run` goes on with the next, and does nothing if none is left.
      #
      # @param env [Hash]
      # @return [nil]
      def run(env)
        collect(env)
        while (callable = @left.pop)
          invoke(callable, env)
          collect(env) # it may have added some
        end
        @outcome = nil
      end

      private

      # Does not change the app's own Array, which may be frozen, and so may the env.
      def collect(env)
        return if env.equal?(@taken) || !self.class.awaited?(env)

        @left.concat(env["rack.response_finished"])
        env.frozen? ? @taken = env : env["rack.response_finished"] = []
      end

      def invoke(callable, env)
        callable.call(env, *@outcome)
      rescue *ErrorLog::RESCUED => raised
        @failure.report(env, raised)
      end
    end
  end
end
