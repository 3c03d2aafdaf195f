# frozen_string_literal: true

require "kino/errors"
require "kino/passed_socket"

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

      # The name of a socket that has none (sd_listen_fds_with_names(3)).
      UNNAMED = "unknown"
      private_constant :UNNAMED

      # Also removes the variables from the environment: processes that the app starts must not see them.
      #
      # @param env [Hash{String => String}, ENV]
      # @return [Array<PassedSocket>] in the order of the unit; none if there are none for this process
      # @raise [BindError] if the variables are wrong
      def self.take(env)
        pid, count, names = VARIABLES.map { |name| env.delete(name) }
        return [] unless pid == Process.pid.to_s && count

        raise BindError, "LISTEN_FDS is no number: #{count.inspect}" unless /\A\d{1,4}\z/.match?(count)

        names = names.to_s.split(":")
        Array.new(count.to_i) do |index|
          name = names[index].to_s.then { |given| given.empty? ? UNNAMED : given }
          PassedSocket.new(identity: "#{PassedSocket::NAMED}#{name}", io: socket(FIRST + index), kept: true)
        end
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
