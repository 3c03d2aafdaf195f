# frozen_string_literal: true

# Kino, a Ractor web server for Rack.
module Kino
  # The root of Kino's own errors, except for {DisconnectedError}.
  class Error < StandardError; end

  # A setting is unknown, of the wrong type or out of bounds.
  class ConfigError < Error; end

  # An address cannot be listened on: it is taken, not local, or not allowed; or a socket was not passed.
  class BindError < Error; end

  # The pidfile belongs to a running process, is no pidfile, or cannot be written.
  class PidfileError < Error; end

  # The rackup file is missing, raises, or gives no Rack app.
  class AppLoadError < Error; end

  # The app cannot be shared between Ractors, with `mode: :ractor`.
  class UnshareableAppError < Error; end

  # A hook that runs in workers cannot be shared between Ractors, in ractor mode.
  class UnshareableHookError < Error; end

  # A worker died. The exceptions of a Ractor stay in it, so this one stands for what a worker Ractor died of.
  class WorkerError < Error; end

  # The server has stopped because a worker died again and again before it could take a request.
  class WorkerBootError < WorkerError; end

  # What the app returned cannot be sent. If a part has been sent already, the answer is broken off.
  class InvalidResponseError < Error; end

  # The length of an array body differs from its content-length. Nothing has been sent: the worker sends it again as a
  # stream, which can be cut or broken off.
  class LengthMismatchError < InvalidResponseError; end

  # An array body comes with a header that is meant for the server (rack.hijack, rack.protocol). Nothing has been sent:
  # the worker does what the header asks.
  class ServerHeaderError < InvalidResponseError; end

  # The app has chunked the body itself (transfer-encoding). Nothing has been sent: the worker decodes the chunks.
  class ChunkedBodyError < ServerHeaderError; end

  # The request body cannot be read to its end. The client has been answered if that was still possible.
  class RequestBodyError < Error; end

  # The request body is larger than `max_body_size`: 413.
  class BodyTooLargeError < RequestBodyError; end

  # The request body's chunks are malformed: 400.
  class BadBodyError < RequestBodyError; end

  # Nothing of the request body arrived for `body_timeout`: 408.
  class BodyTimeoutError < RequestBodyError; end

  # The client has left. An IOError rather than an {Error}, so that code that rescues errors of a socket works here too.
  class DisconnectedError < IOError; end
end
