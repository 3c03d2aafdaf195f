# frozen_string_literal: true

# Kino, a Ractor web server for Rack.
module Kino
  # The root of what Kino raises by itself, but for {DisconnectedError}.
  class Error < StandardError; end

  # A setting that is unknown, of the wrong type or out of its bounds.
  class ConfigError < Error; end

  # An address that cannot be listened on: taken, not local, not allowed.
  class BindError < Error; end

  # A pidfile whose owner lives, that is none, or that cannot be written.
  class PidfileError < Error; end

  # A rackup file that is missing, or that raises while it is read.
  class AppLoadError < Error; end

  # `mode: :ractor` was asked for, and the app cannot be shared between Ractors.
  class UnshareableAppError < Error; end

  # A hook that runs in a worker cannot be shared between Ractors, in ractor mode.
  class UnshareableHookError < Error; end

  # A worker died. Where it was a Ractor, whose exceptions stay in it, this stands for what it died of.
  class WorkerError < Error; end

  # A worker died before it could take a request, again and again, and the server has stopped for it.
  class WorkerBootError < WorkerError; end

  # What the app returned cannot be sent. Where a part of it has been, the answer is broken off.
  class InvalidResponseError < Error; end

  # An array body that is not as long as the content-length beside it. Nothing has been sent: the
  # worker sends it again as a stream, which can be cut or broken off.
  class LengthMismatchError < InvalidResponseError; end

  # An array body beside a header that speaks to the server (rack.hijack, rack.protocol). Nothing has
  # been sent: the worker does what the header asks.
  class ServerHeaderError < InvalidResponseError; end

  # A body that is chunked already and says so (transfer-encoding). Nothing has been sent: the worker takes the chunks
  # apart.
  class ChunkedBodyError < ServerHeaderError; end

  # The request body cannot be read to its end. The client has been answered if it still could be.
  class RequestBodyError < Error; end

  # It is larger than `max_body_size`: 413.
  class BodyTooLargeError < RequestBodyError; end

  # Its chunks are malformed: 400.
  class BadBodyError < RequestBodyError; end

  # Nothing came of it for `body_timeout`: 408.
  class BodyTimeoutError < RequestBodyError; end

  # The client has left. An IOError and no {Error}, so that what rescues those around a socket works here too.
  class DisconnectedError < IOError; end
end
