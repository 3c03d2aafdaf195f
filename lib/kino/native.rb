# frozen_string_literal: true

require "kino/errors"

module Kino
  # The extension: all that crosses between Ruby and the front-end, and the one page that says what
  # each call does. Nothing here is public API; {Server} is.
  #
  # A server is named by an Integer, which any Ractor may hold. The objects below are made and used
  # inside one Ractor. Every wait gives up the VM lock and can be ended by `Thread#kill` and
  # `Thread#raise`. In a forked child every call on a server of its parent raises {Kino::Error}.
  #
  # == Module functions
  #
  # `start(settings) -> Integer`:: binds, starts the network threads, accepts. `settings` is a Hash
  #   with `:host` (String) and the directives that {Server} lists. Raises {BindError}.
  # `port(id) -> Integer`:: the port that is listened on.
  # `stop_accepting(id)`:: closes the listener.
  # `drain(id, seconds) -> Boolean`:: lets connections finish what they have begun; true when none
  #   is left, false when the time is over.
  # `close(id)`:: takes nothing into the queue any more; workers that find it empty get nil.
  # `abort(id)`:: answers 503 to what waits, and 500 to what workers have in flight.
  # `shutdown(id)`:: ends the network threads (about a second at most) and forgets the server.
  # `stats(id) -> Hash{Symbol=>Integer}`:: the engine's counters; `:refusals` is a Hash by reason.
  # `count_respawn(id)`:: counts a worker that died and is replaced.
  # `report_end(id, name, cause)`:: the last thing that a worker Ractor does; `cause` is a String, or nil
  #   if it left because the server is closed.
  # `await_end(id) -> [String, String or nil]`:: waits for the next such report: name and cause.
  # `rack_objects(input_class, null_input, errors)`:: what the env gets for `rack.input` and
  #   `rack.errors`; called once, at load.
  #
  # == Worker
  #
  # `Worker.new(id)`:: one taker of requests, for the thread that makes it.
  # `take -> Hash or nil`:: waits for a request and returns its Rack env; nil when the server is
  #   closed. A request still in hand unanswered is answered 500.
  # `answer(status, headers, chunks)`:: answers the request in hand with an array body. Raises
  #   {InvalidResponseError}, {LengthMismatchError} or {ServerHeaderError}, and has sent nothing then.
  #   Does nothing if the connection was given away.
  # `reply(status, headers, chunks) -> Hash or nil`:: `answer` and `take` in one crossing.
  # `stream(status, headers) -> Writer`:: sends the head. Raises {InvalidResponseError}, or
  #   {DisconnectedError} if the client has left.
  # `send_file(status, headers, path) -> Boolean`:: answers with a file that the front-end reads; false,
  #   and nothing is sent, if there is no regular file of that name that we may read.
  # `take_over(status, headers) -> Integer`:: sends the head (101 is allowed) and gives the connection
  #   away: the descriptor of a socket that its bytes go to and from. The caller owns it.
  # `release`:: puts down the request in hand; unanswered, it is answered 500.
  # `answered? -> Boolean`:: whether the request in hand, if any, needs no answer any more.
  #
  # == Writer
  #
  # `write(string) -> Integer`:: hands a copy to the network; waits while more than 64 KiB of this
  #   answer wait already. Raises {DisconnectedError}, or IOError after the end.
  # `finish -> nil or Array`:: ends the body. `[:short, bytes]`: so many were missing from what
  #   content-length announced and the connection was broken. `[:cut, bytes]`: so many were too many
  #   and not sent.
  # `abort`:: breaks the connection, so that nobody takes the answer for complete.
  # `gone? -> Boolean`:: whether the client has left, or the answer has ended.
  #
  # == Kino::Request
  #
  # `read_into(buffer, max) -> Boolean`:: appends the next bytes of the request body to a String, at most
  #   `max`, as soon as there are any; false at its end.
  #   Raises {DisconnectedError}, a {RequestBodyError}, or IOError once the answer is complete or
  #   while another thread reads.
  # `take_over -> Integer`:: gives the connection away with nothing sent, see {Request#call}.
  # `disconnected? -> Boolean`:: whether the client has left before its answer was complete. Public. Of a
  #   request that is over, whether it had left by then, as long as that is remembered.
  #
  # It names its request by a number in the hand of its worker (`Native::Hand`, which has no methods). When
  # the worker takes its next request this one is over: nothing can be read, `take_over` raises {Error}.
  module Native
    series = RUBY_VERSION[/\A\d+\.\d+/]
    begin
      require "kino/#{series}/kino"
    rescue LoadError
      # Where `gem install` puts it.
      require "kino/kino"
    end
  end
end
