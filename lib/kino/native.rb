# frozen_string_literal: true

require "kino/errors"

module Kino
  # The extension: all that crosses between Ruby and the front-end, and the one page that says what
  # each call does. Nothing here is public API; {Server} is.
  #
  # A server is named by an Integer, which any Ractor may hold. The objects below are made and used
  # inside one Ractor. Every wait gives up the VM lock and can be ended by `Thread#kill` and
  # `Thread#raise`. Any call raises {Kino::Error} for a server that there is not, and in a forked child for
  # what belongs to its parent: a request or a writer raises {DisconnectedError} there.
  #
  # == Module functions
  #
  # `start(settings) -> Integer`:: binds, starts the network threads, accepts. `settings` is a Hash
  #   with `:host` (String), the directives that {Server} lists, `:shards` (how many workers drive their
  #   share of the connections, 0 for none), `:arenas` (most arenas of glibc's malloc) and `:inherited` (the Integer
  #   of a descriptor that listens already, or nil; it is duplicated and stays the caller's, who closes it).
  #   Raises {BindError}, or {Kino::Error} without threads to run on.
  # `port(id) -> Integer`:: the port that is listened on.
  # `stop_accepting(id)`:: closes the listener.
  # `drain(id, seconds) -> Boolean`:: lets connections finish what they have begun; true when none
  #   is left, false when the time is over.
  # `close(id)`:: takes nothing into the queue any more; workers that find it empty get nil.
  # `abort(id)`:: answers 503 to what waits, and 500 to what workers have in flight.
  # `shutdown(id)`:: ends the network threads (about a second at most) and forgets the server.
  # `claim_listener(id)`:: nobody else is to listen on that socket: it ends with the server, whoever has a copy.
  # `listener(id) -> Integer or nil`:: another descriptor of the socket that is listened on, which the caller owns
  #   and closes; it does not survive an exec. nil once the socket is closed.
  # `retire(id, index) -> Integer`:: tells the threads of worker `index` to take nothing more, those included
  #   that were started under that index just before: their `take` returns nil. How many were told now.
  # `relieve(id, why)`:: tells all workers to take nothing more, those that come later included but for those of
  #   `relief`: they finish what they are at or put it back. From now on threads of the front-end drive the connections
  #   that workers have driven. Reports `[0, "relieved", why]`, see `await_end`. Once: a further call does nothing.
  # `quarantine(id, seconds, most) -> Integer or nil`:: sets a worker thread aside that has been at one request for
  #   longer than that, unless `most` are already: the index of its worker. It takes nothing more.
  # `stats(id) -> Hash{Symbol=>Object}`:: the engine's counters, Integers; `:refusals` is a Hash by reason,
  #   `:per_worker` an Array of a Hash for each worker thread, `:queue_wait_ms` and `:service_time_ms` are
  #   percentiles, see {Server#stats}. With lanes, `:lane_depths` is an Array of Integers, one for each {Worker}.
  # `count_respawn(id)`:: counts a worker that died and is replaced.
  # `report_end(id, number, what, why)`:: tells the server's supervisor of a worker that ended, or with the number 0
  #   of something else; `what` is a String, `why` another or nil, see {Pool::Ractors}. Works from any Ractor, and
  #   does nothing for a server that there is not.
  # `await_end(id, seconds) -> [Integer, String, String or nil], or nil`:: waits for the next such report, for ever
  #   if `seconds` is nil; nil if none came in that time.
  # `rack_objects(input_class, null_input, errors)`:: what the env gets for `rack.input` and
  #   `rack.errors`; called once, at load.
  #
  # == Worker
  #
  # `Worker.new(id, index, relief)`:: one taker of requests, for the thread that makes it; with `relief` one of those
  #   that take the place of all others, see `relieve`. Where workers drive
  #   connections, it drives those of share `index` while it waits.
  # `take -> Hash or nil`:: waits for a request and returns its Rack env; nil when the server is
  #   closed, or when this worker was told to leave. A request still in hand unanswered is answered 500.
  # `answer(status, headers, chunks)`:: answers the request in hand with an array body. Raises
  #   {InvalidResponseError}, {LengthMismatchError} or {ServerHeaderError}, and has sent nothing then.
  #   Does nothing if the connection was given away. This and what follows raise {Kino::Error} if the
  #   request is answered already.
  # `reply(status, headers, chunks) -> Hash or nil`:: `answer` and `take` in one crossing.
  # `stream(status, headers) -> Writer`:: sends the head. Raises {InvalidResponseError}, or
  #   {DisconnectedError} if the client has left.
  # `send_file(status, headers, path) -> Boolean`:: answers with a file that the front-end reads; false,
  #   and nothing is sent, if there is no regular file of that name that we may read. Raises
  #   {InvalidResponseError}.
  # `take_over(status, headers) -> Integer`:: sends the head (101 is allowed) and gives the connection
  #   away: the descriptor of a socket that its bytes go to and from. The caller owns it. Raises
  #   {InvalidResponseError}, or {DisconnectedError}.
  # `put_back -> Boolean`:: leaves the request in hand to those of `relief`, before all that waits: it is in hand no
  #   more, and counts as never taken. False, and nothing has changed, where nobody was relieved, its method is none of
  #   GET, HEAD and OPTIONS, something was sent or read, or it was put back before.
  # `release`:: puts down the request in hand; unanswered, it is answered 500. The last call: what waited for
  #   this worker alone is others' now.
  # `answered? -> Boolean`:: whether the request in hand, if any, needs no answer any more.
  # `holding? -> Boolean`:: whether a request is in hand, answered or not. What `take` raises, or `reply` while it
  #   takes, comes while none is.
  # `leaving? -> Boolean`:: whether this worker was told to take nothing more, see `retire` and `quarantine`. Nobody
  #   can tell it any more after `release`.
  # `quarantined? -> Boolean`:: whether it was told so because it had been at one request for too long.
  # `bodiless?(status) -> Boolean`:: whether no content follows a head with this status here: on HEAD, and
  #   with 204 and 304. False for what is no status.
  #
  # == Writer
  #
  # `write(string) -> Integer`:: hands a copy to the network; waits while more than 64 KiB of this
  #   answer wait already, and for its turn. Raises {DisconnectedError}, or IOError after the end.
  # `finish -> nil or Array`:: ends the body. `[:short, bytes]`: so many were missing from what
  #   content-length announced and the connection was broken. `[:cut, bytes]`: so many were too many
  #   and not sent.
  # `abort`:: breaks the connection, so that nobody takes the answer for complete.
  #
  # == Kino::Request
  #
  # `read_into(buffer, max) -> Boolean`:: appends the next bytes of the request body to a String, at most
  #   `max`, as soon as there are any; false at its end.
  #   Raises {DisconnectedError}, a {RequestBodyError}, or IOError once the answer is complete or
  #   while another thread reads.
  # `take_over -> Integer`:: gives the connection away with nothing sent, see {Request#call}. Raises {Kino::Error} if
  #   the request is answered already, or {DisconnectedError}.
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
