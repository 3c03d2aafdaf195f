# frozen_string_literal: true

require "kino/errors"

module Kino
  # The protocols between service managers, such as systemd, and services.
  module Systemd
    # The sockets that a service manager has opened for this process, see sd_listen_fds(3).
    #
    # @api private
    module Activation
      # The first of them (SD_LISTEN_FDS_START).
      FIRST = 3

      VARIABLES = %w[LISTEN_PID LISTEN_FDS LISTEN_FDNAMES LISTEN_PIDFDID].freeze
      private_constant :VARIABLES

      # Also removes the variables from the environment: processes that the app starts must not see them.
      #
      # @param env [Hash{String => String}, ENV]
      # @return [IO, nil] the socket; nil if there is none for this process
      # @raise [BindError] for more than one, or if the variables are wrong
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
      rescue SystemCallError, ArgumentError # the latter for a descriptor that Ruby reserves
        raise BindError, "LISTEN_FDS says that file descriptor #{descriptor} is a socket, but it is not open"
      end
      private_class_method :socket
    end
  end
end
