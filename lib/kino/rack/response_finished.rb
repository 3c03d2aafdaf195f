# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Rack
    # The callables that an app puts into `env["rack.response_finished"]`, of one request at a time.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc rack.response_finished
    class ResponseFinished
      # @param env [Hash] a Rack env, which the app may have changed in any way
      # @return [Boolean] whether somebody wants to know when the answer is complete
      def self.awaited?(env)
        callables = env["rack.response_finished"]
        callables.is_a?(Array) && !callables.empty?
      end

      # @param failure [Failure] is told of what they raise
      def initialize(failure)
        @failure = failure
        @left = []
      end

      # Notes what they are to be called with, unless that is known already: what keeps them from being called, an app's
      # `exit` say, is not what became of the answer.
      #
      # @param status [Integer, nil] nil where the app gave none
      # @param headers [Hash, nil]
      # @param error [Exception, nil] what kept the answer from being complete
      # @return [void]
      def note(status, headers, error)
        @outcome ||= [status, headers, error]
        nil
      end

      # Runs them, the last that was registered first. What one raises is reported and keeps none of the others from
      # running. Each is taken out before it is called: where one ends its worker, another call goes on with the next,
      # and where there is none left it does nothing.
      #
      # @param env [Hash]
      # @return [nil]
      def run(env)
        take_over(env)
        while (callable = @left.pop)
          tell(callable, env)
          take_over(env) # what it has added
        end
        @outcome = nil
      end

      private

      # Not out of the app's own Array, which may be frozen, as the env may.
      def take_over(env)
        return if env.equal?(@taken) || !self.class.awaited?(env)

        @left.concat(env["rack.response_finished"])
        env.frozen? ? @taken = env : env["rack.response_finished"] = []
      end

      def tell(callable, env)
        callable.call(env, *@outcome)
      rescue *ErrorLog::RESCUED => raised
        @failure.report(env, raised)
      end
    end
  end
end
