# frozen_string_literal: true

require "socket"

module Kino
  # One request as the app sees it in `env["kino.request"]`. It belongs to the Ractor that got it.
  #
  # {#disconnected?} and the reading of the body are native: see {Native}.
  class Request
    # Waits until nobody waits for more of the answer, with the VM lock given up. For a stream whose next piece comes
    # from elsewhere: on the thread of the request instead of `sleep`, or on a second thread that then ends the wait of
    # the first:
    #
    #     watcher = Thread.new { request.wait_disconnect && queue.close }
    #
    # Any number of threads of the Ractor may wait. Who asks with 0 seconds does not wait. {EventStream} does this for
    # server-sent events.
    #
    # A client that leaves is noticed at once, except while it has sent more than was read: the rest of a body, or
    # another request. Then only writing finds it out.
    #
    # @param seconds [Numeric, nil] at most; nil for ever
    # @return [Symbol, nil] `:disconnected` once the client has left, or was told that the answer took too long;
    #   `:stopping` once the server stops, which waits for this answer, for `shutdown_timeout` at most; `:finished` once
    #   the request is over, or its connection was given away; nil when the time is over
    # @raise [Error] for a negative time
    def wait_disconnect(seconds = nil) = wait_end(seconds, false)

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
