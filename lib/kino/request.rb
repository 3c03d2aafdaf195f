# frozen_string_literal: true

require "socket"

module Kino
  # A request, as the app finds it in `env["kino.request"]`. It belongs to the Ractor that took it.
  #
  # {#disconnected?} and the methods that read the body are native: see {Native}.
  class Request
    # Waits until the client leaves, the server stops or the request is over; releases the VM lock meanwhile. For a
    # stream whose next piece comes from elsewhere: on the request's thread instead of `sleep`, or on a second thread
    # that then ends the wait of the first:
    #
    #     watcher = Thread.new { request.wait_disconnect && queue.close }
    #
    # Any number of threads of the Ractor may wait; 0 seconds only ask. {EventStream} uses this for server-sent events.
    #
    # A client that leaves is noticed at once, unless it has sent more than was read: the rest of a body, or another
    # request. Then only a write finds out.
    #
    # @param seconds [Numeric, nil] at most; nil for ever
    # @return [Symbol, nil] `:disconnected` once the client has left, or was answered 504; `:stopping` once the server
    #   stops, which waits for this answer for up to `shutdown_timeout`; `:finished` once the request is over, or its
    #   connection was hijacked; nil when the time is over
    # @raise [Error] for a negative time
    def wait_disconnect(seconds = nil) = wait_end(seconds, false)

    # Full hijack (`env["rack.hijack"].call`): takes the connection over. What the app returns is not sent then, and the
    # app closes the socket.
    #
    # The socket is one end of a pair, and the front-end carries its bytes to and from the client. It works with
    # `IO.select` and the like; the client's address is in the env (`REMOTE_ADDR`, `REMOTE_PORT`).
    #
    # @return [UNIXSocket] the same for each call
    # @raise [Error] if the request is answered already, or came by HTTP/2, whose connections are not one request's
    # @raise [DisconnectedError] if the client has left
    def call
      @call ||= UNIXSocket.for_fd(hijack)
    end
  end
end
