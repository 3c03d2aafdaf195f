# frozen_string_literal: true

require "stringio"

module Kino
  module Rack
    # The argument of a streaming body (one that responds to `call`): reads the request body and writes the response
    # body, even at the same time. Writing waits while the client is slow, and raises {DisconnectedError}, an IOError,
    # once it has left.
    #
    # It has more methods than Rack requires, because other servers give apps a socket.
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

      # Passes on only the arguments given: a middleware's `rack.input` need not accept nil as a buffer.
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

      # Writes each object on a line of its own, all in one piece.
      # @param objects [Array<Object>]
      # @return [nil]
      # @raise [IOError] see {#write}
      def puts(*objects)
        text = StringIO.new(String.new) # binary, so that no byte changes
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

      # Does nothing: nothing is buffered.
      # @return [self]
      def flush
        self
      end

      # @return [true] see {#flush}
      def sync = true

      # Does nothing, see {#flush}.
      # @param value [Boolean]
      def sync=(value); end

      # @return [nil]
      def close_read
        @read_closed = true
        nil
      end

      # The client gets the end of the answer when the body returns.
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
