# frozen_string_literal: true

module Kino
  # A listening socket that a process gets from the one that started it.
  #
  # @!attribute [r] identity
  #   @return [String] "systemd://" and its name for one of a service manager's; otherwise the
  #     {Config::Address#identity} that the old process of a hot restart has opened it for
  # @!attribute [r] io
  #   @return [IO]
  # @!attribute [r] kept
  #   @return [Boolean] whether somebody else keeps the socket, so that it does not end with the server
  #
  # @api private
  PassedSocket = Data.define(:identity, :io, :kept)

  # See the definition.
  class PassedSocket
    # The scheme of sockets that were passed by name, and are used whatever `bind` says.
    NAMED = "systemd://"

    # @return [Boolean]
    def named? = identity.start_with?(NAMED)
  end
end
