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

      # Runs them, the last that was registered first. What one raises is logged and keeps none of the others from
      # running. Where one ends its worker, a second call goes on with the next.
      #
      # @param env [Hash]
      # @param status [Integer, nil] nil where the app gave none
      # @param headers [Hash, nil]
      # @param error [Exception, nil] what kept the answer from being complete
      # @return [void]
      def run(env, status, headers, error)
        return unless @left || self.class.awaited?(env)

        @left ||= env["rack.response_finished"].dup
        while (callable = @left.pop)
          tell(callable, env, status, headers, error)
        end
        @left = nil
      end

      private

      def tell(callable, env, status, headers, error)
        callable.call(env, status, headers, error)
      rescue *ErrorLog::RESCUED => raised
        ErrorLog.exception(raised, env)
      end
    end
  end
end
