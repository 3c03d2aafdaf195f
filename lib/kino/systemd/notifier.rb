# frozen_string_literal: true

require "socket"

module Kino
  module Systemd
    # Tells the service manager how the service is, see sd_notify(3). Without one that wants to know, and where it
    # cannot be told, nothing happens: that is no reason to serve any worse.
    #
    # The variable stays in the environment, as with Puma, though sd_notify(3) could remove it: an app may have words of
    # its own (EXTEND_TIMEOUT_USEC while it loads), and with NotifyAccess=main the manager ignores what children say.
    #
    # @api private
    class Notifier
      # How long a manager that does not read may hold us up, in seconds.
      SEND_TIMEOUT = 1.0
      private_constant :SEND_TIMEOUT

      # @param env [Hash{String => String}, ENV] NOTIFY_SOCKET names a unix socket by path, or with "@" an abstract one
      def initialize(env: ENV)
        name = env["NOTIFY_SOCKET"].to_s
        @address = Socket.sockaddr_un(name.sub(/\A@/, "\0")) if name.start_with?("/", "@")
      rescue ArgumentError
        @address = nil # it is too long to be one
      end

      # @param status [String] one line for people
      # @return [void]
      def ready(status) = tell("READY=1", "STATUS=#{status}")

      # @return [void]
      def stopping = tell("STOPPING=1", "STATUS=finishing what has been begun")

      # Another {#ready} ends it.
      # @return [void]
      def reloading
        tell("RELOADING=1", "MONOTONIC_USEC=#{Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond)}",
             "STATUS=reloading")
      end

      # @return [void]
      def alive = tell("WATCHDOG=1")

      # Another process is the service from now on. Whatever we said after this would be taken for its words.
      #
      # A sign of life is in it, for its own first one may come too early: from a process that is not the main one yet
      # the manager hears none. The next would come half an interval later, and ours may be as old. Without a watchdog
      # the manager ignores it.
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

        socket.sendmsg_nonblock(message, exception: false) # a second try, and no more
        nil
      end
    end
  end
end
