# frozen_string_literal: true

require "socket"
require "kino/errors"

module Kino
  # Answers whose head ends HTTP on the connection: a partial hijack, or an upgrade. There are none in HTTP/2.
  class Hijack
    # @param native [Native::Worker] the worker that holds the request
    def initialize(native)
      @native = native
    end

    # @param status [Integer, String]
    # @param headers [Hash]
    # @return [Object] true if the head of this answer ends HTTP on the connection
    def requested?(status, headers)
      return false if @native.answered?

      switching?(status) || (headers.is_a?(Hash) && (headers["rack.hijack"] || headers["rack.protocol"]))
    end

    # @param env [Hash] the Rack env of the request in hand
    # @param status [Integer, String]
    # @param headers [Hash]
    # @param body [#call] gets the socket after an upgrade
    # @return [void]
    # @raise [InvalidResponseError]
    def answer(env, status, headers, body)
      raise InvalidResponseError, "the headers must be a Hash, got #{headers.class}" unless headers.is_a?(Hash)
      return hijack(status, headers) if headers["rack.hijack"]

      unless body.respond_to?(:call)
        raise InvalidResponseError,
              "a body for status 101 must respond to call; #{body.class} does not"
      end

      socket = socket_for(switching?(status) ? status : 101, switching_headers(env, headers))
      begin
        body.call(socket)
      ensure
        socket.close
      end
    end

    private

    # An invalid status is refused later, where the head is made, so that the body is closed.
    def switching?(status) = [101, "101"].include?(status)

    # A bodiless answer gives the app no socket: the client would take what the app writes for the next answer.
    def hijack(status, headers)
      bare = headers.except("rack.hijack", "rack.protocol")
      return @native.answer(status, bare, []) if @native.bodiless?(status)

      socket = socket_for(status, bare.merge("connection" => "close"))
      is_taken = headers["rack.hijack"].call(socket) || true
    ensure
      # The app closes the socket, but not if its hijack callable has raised.
      socket&.close unless is_taken
    end

    # `rack.protocol` in the headers is the app's choice among those that the client offers in the env.
    def switching_headers(env, headers)
      offered = env["rack.protocol"]
      chosen = headers["rack.protocol"]
      raise InvalidResponseError, "the client has not asked for another protocol, so 101 is no answer" unless offered
      return headers unless chosen
      unless offered.include?(chosen)
        raise InvalidResponseError,
              "the client has not offered the protocol #{chosen.inspect}"
      end

      headers.merge("connection" => "upgrade", "upgrade" => chosen)
    end

    def socket_for(status, headers)
      UNIXSocket.for_fd(@native.hijack(status, headers))
    end
  end
end
