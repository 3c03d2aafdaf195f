# frozen_string_literal: true

require "socket"

module Kino
  module Systemd
    # Notifies the service manager, see sd_notify(3). Does nothing if there is none, or if it cannot be notified: the
    # server serves anyway.
    #
    # The variable stays in the environment, as with Puma, although sd_notify(3) could remove it: an app may send
    # messages of its own (EXTEND_TIMEOUT_USEC while it loads), and with NotifyAccess=main the manager ignores messages
    # of child processes.
    #
    # @api private
    class Notifier
      # Seconds that a manager that does not read may delay us.
      SEND_TIMEOUT = 1.0
      private_constant :SEND_TIMEOUT

      # @param env [Hash{String => String}, ENV] NOTIFY_SOCKET names a unix socket by path, or with "@" an abstract one
      def initialize(env: ENV)
        name = env["NOTIFY_SOCKET"].to_s
        @address = Socket.sockaddr_un(name.sub(/\A@/, "\0")) if name.start_with?("/", "@")
      rescue ArgumentError
        @address = nil # it is too long for an address
      end

      # @param status [String] one line for people
      # @return [void]
      def ready(status) = tell("READY=1", "STATUS=#{status}")

      # @return [void]
      def stopping = tell("STOPPING=1", "STATUS=finishing what has been begun")

      # {#ready} ends it.
      # @return [void]
      def reloading
        tell("RELOADING=1", "MONOTONIC_USEC=#{Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond)}",
             "STATUS=reloading")
      end

      # @return [void]
      def alive = tell("WATCHDOG=1")

      # Another process is the service from now on. Later messages of ours would be taken for its own.
      #
      # Includes a watchdog message, because the first one of the new process may come too early: the manager ignores a
      # process that is not the main one yet. The next would come half an interval later, and our last may be as old.
      # Without a watchdog the manager ignores it.
      #
      # @param pid [Integer]
      # @return [void]
      def succeeded_by(pid)
        tell("MAINPID=#{pid}", "READY=1", "WATCHDOG=1", "STATUS=process #{pid} serves since a hot restart")
        @address = nil
      end

      private

      def tell(*lines)
        address = @address or return
        socket = Socket.new(:UNIX, :DGRAM)
        begin
          socket.connect(address)
          send(socket, lines.join("\n"))
        ensure
          socket.close
        end
      rescue SystemCallError, IOError
        nil
      end

      def send(socket, message)
        sent = socket.sendmsg_nonblock(message, exception: false)
        return unless sent == :wait_writable && socket.wait_writable(SEND_TIMEOUT)

        socket.sendmsg_nonblock(message, exception: false) # one more try
        nil
      end
    end
  end
end
