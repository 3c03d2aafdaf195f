# frozen_string_literal: true

require "kino/errors"

module Kino
  # What systemd and programs like it tell a service, and want to be told.
  module Systemd
    # The sockets that a service manager has opened for this process, see sd_listen_fds(3).
    #
    # @api private
    module Activation
      # The first of them (SD_LISTEN_FDS_START).
      FIRST = 3

      VARIABLES = %w[LISTEN_PID LISTEN_FDS LISTEN_FDNAMES LISTEN_PIDFDID].freeze
      private_constant :VARIABLES

      # Takes them out of the environment too, for what the app starts shall not find them there.
      #
      # @param env [Hash{String => String}, ENV]
      # @return [IO, nil] the socket; nil where there is none for this process
      # @raise [BindError] for more than one, or where what is said is not so
      def self.take(env)
        pid, count, names = VARIABLES.map { |name| env.delete(name) }
        return unless pid == Process.pid.to_s && count

        raise BindError, "LISTEN_FDS is no number: #{count.inspect}" unless /\A\d{1,4}\z/.match?(count)

        number = count.to_i
        return if number.zero?

        sockets = Array.new(number) { |index| socket(FIRST + index) }
        return sockets.first if number == 1

        raise BindError, "got #{number} sockets by LISTEN_FDS#{" (#{names})" if names}: Kino listens on one, so give " \
                         "each a service of its own"
      end

      def self.socket(descriptor)
        IO.for_fd(descriptor, autoclose: false).tap { |socket| socket.close_on_exec = true }
      rescue SystemCallError, ArgumentError # the latter for one that Ruby keeps for itself
        raise BindError, "LISTEN_FDS says that file descriptor #{descriptor} is a socket, but it is not open"
      end
      private_class_method :socket
    end
  end
end
