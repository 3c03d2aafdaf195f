# frozen_string_literal: true

require "kino/errors"

module Kino
  # The extension: everything that crosses between Ruby and the front-end. This page describes each call. Nothing here
  # is public API; {Server} is.
  #
  # A server is identified by an Integer, which any Ractor may hold. The objects below are created and used within one
  # Ractor. Every wait releases the VM lock, and `Thread#kill` and `Thread#raise` end it. Any call raises {Kino::Error}
  # if there is no such server, and in a forked child for what belongs to its parent; a request or a writer raises
  # {DisconnectedError} there.
  #
  # == Module functions
  #
  # `start(settings) -> Integer`:: binds, starts the network threads, accepts. `settings` is a Hash with the directives
  #   that {NativeSettings} lists, `:shards` (how many workers drive a share of the connections, 0 for none), `:arenas`
  #   (most arenas of glibc's malloc), `:trusted_proxies` (an Array of Strings, see {Config::Types::Networks}), and
  #   `:listeners`. Raises {BindError}, {ConfigError} for certificates, or {Kino::Error} if no thread can be started.
  #
  #   `:listeners` is an Array of Hashes with `:kept` (Boolean, see {PassedSocket}), `:proxy_protocol` (Boolean), `:tls`
  #   (what {Certificates} reads, or nil) and one of: `:descriptor` (the Integer of a listening socket, which is
  #   duplicated; the caller closes its own), `:path` and `:mode` (Integer or nil) of a Unix domain socket, `:host` and
  #   `:port`. `:descriptor` and `:path` must be there, or nil.
  # `addresses(id) -> Array`:: for each listener `[host, port]`, `[path]`, or `[]` if it has neither.
  # `stop_accepting(id)`:: closes the listeners.
  # `drain(id, seconds) -> Boolean`:: lets connections finish what they have begun; true when none is left, false when
  #   the time is over.
  # `close(id)`:: closes the queue; workers that find it empty get nil.
  # `abort(id)`:: answers 503 to requests in the queue, and 500 to those in flight.
  # `shutdown(id)`:: ends the network threads (within about a second) and forgets the server.
  # `claim_listeners(id)`:: no other process should listen on the sockets: unless they are `:kept`, they are shut down
  #   with the server, whoever has a copy.
  # `listeners(id) -> Array<Integer>`:: duplicates of the listening descriptors, which the caller owns and closes; they
  #   do not survive an exec. Empty once the sockets are closed.
  # `replace_tls(id, certificates)`:: what the listeners use for new connections: for each what {Certificates} reads, or
  #   nil for one without TLS. Changes nothing if it raises {ConfigError}.
  # `dev_certificate(from, until) -> [String, String]`:: a certificate for localhost and its key, in PEM. A date is
  #   `[year, month, day]`.
  # `retire(id, index) -> Integer`:: tells the threads of worker `index` to take no more requests, including those that
  #   were started under that index just before: their `take` returns nil. Returns how many were told now.
  # `relieve(id, why)`:: tells all workers to take no more requests, except workers with `relief`; this includes workers
  #   that start later. They finish their request or put it back. From now on threads of the front-end drive the
  #   connections that these workers have driven. Reports `[0, "relieved", why]`, see `await_end`. Further calls do
  #   nothing.
  # `quarantine(id, seconds, most) -> Integer or nil`:: quarantines a worker thread that has been at one request for
  #   longer than that, unless `most` are quarantined already: it takes no more requests. Returns the index of its
  #   worker.
  # `stats(id) -> Hash{Symbol=>Object}`:: the engine's counters, Integers. `:refusals` is a Hash by reason,
  #   `:per_worker` an Array with a Hash for each worker thread, `:queue_wait_ms` and `:service_time_ms` are
  #   percentiles, see {Server#stats}. With lanes, `:lane_depths` is an Array with an Integer for each {Worker}.
  # `count_respawn(id)`:: counts a worker that died and is replaced.
  # `report_end(id, number, what, why)`:: tells the server's supervisor that a worker has exited, or, with the number 0,
  #   something else. `what` is a String, `why` a String or nil, see {Pool::RactorLauncher}. Works from any Ractor, and
  #   does nothing if there is no such server.
  # `await_end(id, seconds) -> [Integer, String, String or nil], or nil`:: waits for the next such report, forever if
  #   `seconds` is nil; nil if none came in time.
  # `rack_objects(input_class, null_input, errors, early_hints_class)`:: sets what the env gets for `rack.input`,
  #   `rack.errors` and `rack.early_hints`; called once, at load.
  #
  # == Worker
  #
  # `Worker.new(id, index, lock, relief)`:: takes requests on the thread that creates it. If workers drive connections,
  #   it drives those of share `index` while it waits. `lock` identifies the VM lock of its Ractor: of the threads with
  #   the same number one is woken at a time, and they offer the lock to each other. With `relief` it is one of the
  #   workers that relieve all others, see `relieve`.
  # `take -> Hash or nil`:: waits for a request and returns its Rack env; nil if the server is closed or this worker was
  #   told to leave. A request in hand that is still unanswered is answered 500.
  # `answer(status, headers, chunks)`:: answers the request in hand with an array body. If it raises
  #   {InvalidResponseError}, {LengthMismatchError}, {ServerHeaderError} or {ChunkedBodyError}, nothing has been sent.
  #   Does nothing if the connection was hijacked. This call and the following ones raise {Kino::Error} if the request
  #   is answered already.
  # `reply(status, headers, chunks) -> Hash or nil`:: `answer` and `take` in one call.
  # `stream(status, headers) -> Writer`:: sends the head. Raises {InvalidResponseError}, {ChunkedBodyError}, or
  #   {DisconnectedError} if the client has left.
  # `send_file(status, headers, path) -> Boolean`:: answers with a file that the front-end reads. Returns false, and
  #   sends nothing, if that is no regular file, it is unreadable, or the headers say that the body is chunked. Raises
  #   {InvalidResponseError}.
  # `hijack(status, headers) -> Integer`:: sends the head (101 is allowed) and hijacks the connection: returns the
  #   descriptor of a socket that carries its bytes, which the caller owns. Raises {InvalidResponseError},
  #   {DisconnectedError}, or {Kino::Error} for a request of HTTP/2, which can still be answered.
  # `put_back -> Boolean`:: leaves the request in hand to the workers with `relief`, ahead of the queue: it is in hand
  #   no more, and counts as never taken. Returns false, and changes nothing, if no worker was relieved, the method is
  #   not GET, HEAD or OPTIONS, something was sent or read, or the request was put back before.
  # `release`:: lets go of the request in hand; if it is unanswered, it is answered 500. The worker's last call: other
  #   workers get what waited for this one alone.
  # `answered? -> Boolean`:: whether the request in hand, if any, needs no answer any more.
  # `holding? -> Boolean`:: whether a request is in hand, answered or not. It is false for an error that was raised
  #   while `take` or `reply` waited for the next one.
  # `leaving? -> Boolean`:: whether this worker was told to take no more requests, by `retire`, `relieve` or
  #   `quarantine`. After `release` it can no longer be told.
  # `quarantined? -> Boolean`:: whether it was `quarantine` that told it.
  # `bodiless?(status) -> Boolean`:: whether an answer with this status has no content here: to HEAD, and with 204 and
  #   304. False for an invalid status.
  #
  # == Writer
  #
  # `write(string) -> Integer`:: passes a copy to the network; waits while more than 64 KiB of this answer wait already,
  #   and while other threads write. Raises {DisconnectedError}, or IOError after the end.
  # `finish -> nil or Array`:: ends the body. `[:short, bytes]`: so many bytes of the content-length were missing, and
  #   the connection was broken. `[:cut, bytes]`: so many bytes were beyond it, and were not sent.
  # `abort`:: breaks the connection, so that the client does not take the answer for complete.
  #
  # == ChunkedDecoder
  #
  # `decode(string) -> String`:: the data of the chunks in these bytes. Raises {InvalidResponseError} if they are
  #   malformed, or go on after the last chunk.
  # `done? -> Boolean`:: whether the last chunk has come.
  #
  # == Kino::Request
  #
  # `read_into(buffer, max) -> Boolean`:: appends the next bytes of the request body to a String, at most `max`, as soon
  #   as there are any; false at the end of the body. Raises {DisconnectedError}, a {RequestBodyError}, or IOError once
  #   the answer is complete or while another thread reads.
  # `hijack -> Integer`:: hijacks the connection with nothing sent, see {Request#call}. Raises {Kino::Error} if
  #   the request is answered already, or {DisconnectedError}.
  # `send_early_hints(headers)`:: sends 103 with these headers. Raises {InvalidResponseError}. Does nothing once the
  #   response has begun, the request is over or the client has left.
  # `disconnected? -> Boolean`:: whether the client left before its answer was complete. Public. After the request is
  #   over, whether the client had left by then, as long as that is remembered.
  # `wait_end(seconds, wakeable) -> Symbol or nil`:: see {Request#wait_disconnect}. A wakeable wait also ends, with nil,
  #   when `wake` is called, or was called since the last one; there is one at a time.
  # `wake`:: ends a wakeable wait. Works from any thread of the Ractor; does nothing once the request is over.
  #
  # The object finds its request through its worker, by a number. When the worker takes its next request, this one is
  # over: nothing can be read, and `hijack` raises {Error}.
  module Native
    series = RUBY_VERSION[/\A\d+\.\d+/]
    begin
      require "kino/#{series}/kino"
    rescue LoadError
      # The path of an extension that `gem install` has built.
      require "kino/kino"
    end
  end
end
