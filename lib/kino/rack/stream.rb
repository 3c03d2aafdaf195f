# frozen_string_literal: true

require "stringio"

module Kino
  module Rack
    # What a streaming body (one that responds to `call`) is given: reads the request body and writes
    # the response body, at the same time if it likes. Writing waits while the client is slow, and
    # raises {DisconnectedError}, an IOError, once it has left.
    #
    # Rack asks for less than it has: apps also call what the socket has that other servers give them.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc Streaming Body
    class Stream
      # @param input [Input, NullInput] the request body
      # @param writer [Native::Writer] the response body
      def initialize(input, writer)
        @input = input
        @writer = writer
        @read_closed = false
        @write_closed = false
      end

      # What was not given is not handed on: a middleware's `rack.input` need not take nil for a buffer.
      #
      # @overload read(length = nil, buffer = nil)
      #   @param length [Integer, nil] see {Input#read}
      #   @param buffer [String, nil] see {Input#read}
      #   @return [String, nil]
      #   @raise [IOError] after {#close_read}
      def read(*)
        input.read(*)
      end

      # @return [String, nil] see {Input#gets}
      # @raise [IOError] after {#close_read}
      def gets
        input.gets
      end

      # @yieldparam line [String]
      # @return [self, Enumerator] an Enumerator without a block
      # @raise [IOError] after {#close_read}
      def each(&block)
        return enum_for unless block

        input.each(&block)
        self
      end

      # @param chunks [Array<Object>] Strings; anything else is sent as its `to_s`
      # @return [Integer] bytes written
      # @raise [IOError] after {#close_write}, or when the client has left
      def write(*chunks)
        raise IOError, "not opened for writing" if @write_closed

        chunks.sum { |chunk| @writer.write(chunk.to_s) }
      end

      # @param chunk [Object] see {#write}
      # @return [self]
      def <<(chunk)
        write(chunk)
        self
      end

      # @param objects [Array<Object>] what to write, each on a line of its own, in one piece
      # @return [nil]
      # @raise [IOError] see {#write}
      def puts(*objects)
        text = StringIO.new(String.new) # binary: it changes no byte
        text.puts(*objects)
        write(text.string)
        nil
      end

      # @param objects [Array<Object>] see {#write}
      # @return [nil]
      # @raise [IOError] see {#write}
      def print(*objects)
        write(*objects)
        nil
      end

      # Nothing is held back, so there is nothing to do.
      # @return [self]
      def flush
        self
      end

      # @return [true] see {#flush}
      def sync = true

      # Changes nothing, see {#flush}.
      # @param value [Boolean]
      def sync=(value); end

      # @return [nil]
      def close_read
        @read_closed = true
        nil
      end

      # The client sees the end of the answer when the body returns.
      # @return [nil]
      def close_write
        @write_closed = true
        nil
      end

      # @return [nil]
      def close
        close_read
        close_write
      end

      # @return [Boolean] whether both directions are closed
      def closed?
        @read_closed && @write_closed
      end

      private

      def input
        raise IOError, "not opened for reading" if @read_closed

        @input
      end
    end
  end
end
