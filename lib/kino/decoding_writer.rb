# frozen_string_literal: true

require "kino/errors"
require "kino/native"

module Kino
  # Stands in for a {Native::Writer} where the app has chunked its body itself, as ActionController::Streaming does. The
  # chunks are taken apart, and the front-end frames what they hold: passed on as they are they would reach clients of
  # HTTP/1.0, and a malformed one would let what follows it be taken for another answer.
  class DecodingWriter
    # @param native [Native::Worker] the worker that holds the request
    # @param status [Integer, String]
    # @param headers [Hash] with the transfer-encoding that says so
    def initialize(native, status, headers)
      @native = native
      @status = status
      @headers = headers.reject { |name, _| name.casecmp?("transfer-encoding") }
      @decoder = Native::ChunkedDecoder.new
      # Threads that write one stream take turns.
      @lock = Mutex.new
    end

    # @param bytes [String] chunks, or parts of them
    # @return [Integer] how many bytes they are
    # @raise [InvalidResponseError] if they are none; the head has not been sent where these are the first
    def write(bytes)
      @lock.synchronize do
        data = @decoder.decode(bytes)
        writer.write(data) unless data.empty?
      end
      bytes.bytesize
    end

    # @return [nil] for there is no content-length that it could differ from
    # @raise [InvalidResponseError] if the last chunk is missing
    def finish
      raise InvalidResponseError, "the body ends before its last chunk" unless @decoder.done?

      writer.finish
    end

    # @return [nil]
    def abort = @writer&.abort

    private

    # The head goes out with the first that there is to send: until then an error can still become a 500.
    def writer = @writer ||= @native.stream(@status, @headers)
  end
end
