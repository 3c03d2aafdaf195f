# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Systemd
    # Regularly reports that the server is alive, see sd_watchdog_enabled(3). It asks the server for its stats each
    # time: if the VM or the engine hangs, there is no answer, and no report.
    #
    # @api private
    class Watchdog
      # @param env [Hash{String => String}, ENV]
      # @return [Float, nil] seconds between two reports, half of the manager's limit; nil if it wants none from this
      #   process
      def self.interval(env)
        pid = env["WATCHDOG_PID"]
        wanted = env["WATCHDOG_USEC"].to_s
        return unless /\A[1-9]\d{0,17}\z/.match?(wanted) && (pid.nil? || pid == Process.pid.to_s)

        wanted.to_i / 2_000_000.0
      end

      # The new process of a hot restart inherits the watchdog of its predecessor, which could not know its id. Without
      # the id, each child that the app starts would take the watchdog for its own.
      #
      # @param env [Hash{String => String}, ENV]
      # @return [void]
      def self.adopt(env)
        env["WATCHDOG_PID"] ||= Process.pid.to_s if env["WATCHDOG_USEC"]
      end

      # @param server [#stats]
      # @param notifier [#alive]
      # @param env [Hash{String => String}, ENV]
      def initialize(server:, notifier:, env: ENV)
        @server = server
        @notifier = notifier
        @interval = self.class.interval(env)
        @ended = Thread::Queue.new
      end

      # @return [self]
      def start
        return self unless @interval && !@thread

        @thread = Thread.new { watch }
        @thread.name = "kino-watchdog"
        self
      end

      # @return [void]
      def stop = @ended.close

      private

      def watch
        until @ended.closed?
          @server.stats
          @notifier.alive
          @ended.pop(timeout: @interval)
        end
      rescue StandardError => error
        ErrorLog.exception(error) # the manager will notice
      end
    end
  end
end
