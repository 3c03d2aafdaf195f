# frozen_string_literal: true

require "socket"

module Kino
  # One request as the app sees it in `env["kino.request"]`. It belongs to the Ractor that got it.
  #
  # {#disconnected?} and the reading of the body are native: see {Native}.
  class Request
    # Full hijack (`env["rack.hijack"].call`): takes the connection over. What the app returns then is
    # not sent, and the socket is the app's to close.
    #
    # It is one end of a socket pair whose bytes the front-end carries to and from the client, so it
    # works with `IO.select` and the like; the peer is in the env (`REMOTE_ADDR`, `REMOTE_PORT`).
    #
    # @return [UNIXSocket] the same at each call
    # @raise [Error] if the request was answered before
    # @raise [DisconnectedError] if the client has left
    def call
      @call ||= UNIXSocket.for_fd(take_over)
    end
  end
end
