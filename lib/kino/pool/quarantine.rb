# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Pool
    # Sets workers aside that hang, or none.
    class Quarantine
      # How often to look: so many times in the time-out, and within these seconds.
      LOOKS = 4
      LOOK_EVERY = 0.005..1.0
      private_constant :LOOKS, :LOOK_EVERY

      # @param server_id [Integer] the server in {Native}
      # @param seconds [Float, nil] at one request, after which a worker is set aside; nil for never
      # @param most [Integer] how many may be at a time
      def initialize(server_id:, seconds:, most:)
        @server_id = server_id
        @seconds = seconds
        @most = most
      end

      # @return [Float, nil] seconds until the next look; nil for never
      def interval = @seconds && (@seconds / LOOKS).clamp(LOOK_EVERY)

      # Looks, and says so in the log.
      # @yieldparam index [Integer] of a worker that has a thread less now
      # @return [void]
      def look
        return unless @seconds

        while (index = Native.quarantine(@server_id, @seconds, @most))
          ErrorLog.line("kino-worker-#{index + 1} has been at one request for more than #{@seconds} s: it is set " \
                        "aside, and another takes its place")
          yield index
        end
      end
    end
  end
end
