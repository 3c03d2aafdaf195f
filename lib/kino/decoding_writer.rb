# frozen_string_literal: true

require "kino/errors"
require "kino/native"

module Kino
  # Replaces a {Native::Writer} if the app has chunked its body itself, as ActionController::Streaming does. It decodes
  # the chunks, and the front-end frames their data again. Passed on as they are, chunks would reach HTTP/1.0 clients,
  # and a client could take what follows a malformed chunk for another answer.
  class DecodingWriter
    # @param native [Native::Worker] the worker that holds the request
    # @param status [Integer, String]
    # @param headers [Hash] with the transfer-encoding
    def initialize(native, status, headers)
      @native = native
      @status = status
      @headers = headers.reject { |name, _| name.casecmp?("transfer-encoding") }
      @decoder = Native::ChunkedDecoder.new
      # Several threads may write one stream.
      @lock = Mutex.new
    end

    # @param bytes [String] chunks, or parts of them
    # @return [Integer] their bytes
    # @raise [InvalidResponseError] if they are malformed; the head has not been sent if these are the first
    def write(bytes)
      @lock.synchronize do
        data = @decoder.decode(bytes)
        writer.write(data) unless data.empty?
      end
      bytes.bytesize
    end

    # @return [nil] because there is no content-length to differ from
    # @raise [InvalidResponseError] if the last chunk is missing
    def finish
      raise InvalidResponseError, "the body ends before its last chunk" unless @decoder.done?

      writer.finish
    end

    # @return [nil]
    def abort = @writer&.abort

    private

    # Sends the head with the first data: until then an error can still become a 500.
    def writer = @writer ||= @native.stream(@status, @headers)
  end
end
