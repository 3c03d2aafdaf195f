# frozen_string_literal: true

require "kino/demotion/culprit"
require "kino/error_log"

module Kino
  class Demotion
    Watch = Data.define(:server_id, :since)

    # What a worker Ractor tells its server of, where mode auto may have been wrong. Shareable: all workers have the
    # same.
    #
    # The first failure of a server that has not proved itself ends ractor mode here and at once: from that moment no
    # worker takes another request, so that no more of them fail than are in hand.
    #
    # @!attribute [r] server_id
    #   @return [Integer] the server in {Native}
    # @!attribute [r] since
    #   @return [Float] when it was started, by the monotonic clock
    #
    # @api private
    class Watch
      # How long a server must have run, in seconds, and how many requests it must have served, to have proved that
      # its app runs on Ractors.
      PROOF = { seconds: 600, requests: 1000 }.freeze
      # Lines of a backtrace that are told.
      LINES = 100
      private_constant :LINES

      # @param error [Exception] what an app, or a hook in a worker, has raised
      # @param env [Hash, nil] the Rack env of the request that raised it
      # @return [Boolean] whether only a Ractor raises that
      def notice(error, env)
        culprit = Culprit.of(error) or return false
        request = ErrorLog.request(env).tr("\n", " ") if env
        text = "#{request}\n#{ErrorLog.full_message(culprit).lines.first(LINES).join}"
        proved? ? Native.report_end(server_id, 0, MET, text) : Native.relieve(server_id, text)
        true
      rescue *ErrorLog::RESCUED # the server is gone, say: the failure is an error as any other then
        false
      end

      private

      def proved?
        age = Process.clock_gettime(Process::CLOCK_MONOTONIC) - since
        age >= PROOF[:seconds] && Native.stats(server_id)[:served] >= PROOF[:requests]
      end
    end
  end
end
