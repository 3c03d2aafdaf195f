# frozen_string_literal: true

# Kino, a Ractor web server for Rack.
module Kino
  # The root of everything that Kino raises by itself.
  class Error < StandardError; end

  # A setting that is unknown, of the wrong type or out of its bounds.
  class ConfigError < Error; end

  # An address that cannot be listened on: taken, not local, not allowed.
  class BindError < Error; end

  # A rackup file that is missing, or that raises while it is read.
  class AppLoadError < Error; end

  # `mode: :ractor` was asked for, and the app cannot be shared between Ractors.
  class UnshareableAppError < Error; end

  # What the app returned cannot be sent; nothing of it has been.
  class InvalidResponseError < Error; end

  # An array body that is not as long as the content-length beside it. Nothing has been sent: the
  # worker sends it again as a stream, which can be cut or broken off.
  class LengthMismatchError < InvalidResponseError; end

  # The request body is larger than `max_body_size`. The client has been answered 413.
  class BodyTooLargeError < Error; end

  # The request body is not well-formed HTTP.
  class BadBodyError < Error; end

  # The client has left. An IOError, so that what rescues those around a socket works here too.
  class DisconnectedError < IOError; end
end
