# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Pool
    # Quarantines workers that hang, where the settings ask for it.
    class Quarantine
      # Checks within one timeout, and the limits of the interval that results, in seconds.
      CHECKS = 4
      INTERVALS = 0.005..1.0
      private_constant :CHECKS, :INTERVALS

      # @param server_id [Integer] the server in {Native}
      # @param seconds [Float, nil] a worker may take for one request; nil for any time
      # @param most [Integer] how many may be quarantined at a time
      def initialize(server_id:, seconds:, most:)
        @server_id = server_id
        @seconds = seconds
        @most = most
      end

      # @return [Float, nil] seconds between checks; nil for no checks
      def interval = @seconds && (@seconds / CHECKS).clamp(INTERVALS)

      # Quarantines the workers that hang now, and logs each.
      # @yieldparam index [Integer] of a worker that has one thread less now
      # @return [void]
      def check
        return unless @seconds

        while (index = Native.quarantine(@server_id, @seconds, @most))
          ErrorLog.line("kino-worker-#{index + 1} has been at one request for more than #{@seconds} s: it is " \
                        "quarantined, and another takes its place")
          yield index
        end
      end
    end
  end
end
