# frozen_string_literal: true

module Kino
  # The objects of Rack's env that are more than a String.
  module Rack
    # `rack.input`: the request body, forward only, binary. Reading waits for the client; nothing is
    # read from the network before it is asked for.
    #
    # Every method that reads raises {DisconnectedError} (an IOError) if the client leaves before the
    # body is complete, {BodyTooLargeError} beyond `max_body_size`, and IOError after {#close}.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc The Input Stream
    class Input
      # @param request [Kino::Request] what the bytes come from
      def initialize(request)
        @request = request
        @rest = +"".b
        @ended = false
        @closed = false
      end

      # @param length [Integer, nil] bytes to read at most; nil reads to the end
      # @param buffer [String, nil] filled with what is read, and returned
      # @return [String, nil] binary; at the end "" without a length, nil with one
      # @raise [ArgumentError] for a negative length
      def read(length = nil, buffer = nil)
        raise ArgumentError, "negative length #{length} given" if length&.negative?

        data = length ? read_length(length) : read_rest
        return data unless buffer

        buffer.replace(data || "")
        data && buffer
      end

      # @return [String, nil] the next line with its "\n", or what is left; nil at the end
      def gets
        nil while (index = @rest.index("\n")).nil? && fill
        return take(index + 1) if index

        take(@rest.bytesize) unless @rest.empty?
      end

      # @yieldparam line [String]
      # @return [self, Enumerator] an Enumerator without a block
      def each
        return enum_for unless block_given?

        while (line = gets)
          yield line
        end
        self
      end

      # What is unread stays unread.
      # @return [nil]
      def close
        @closed = true
        @rest = +"".b
        nil
      end

      private

      def read_length(length)
        nil while @rest.bytesize < length && fill
        return if @rest.empty? && length.positive?

        take(length)
      end

      def read_rest
        nil while fill
        take(@rest.bytesize)
      end

      def take(bytes)
        return @rest.slice!(0, bytes) if bytes < @rest.bytesize

        taken = @rest
        @rest = +"".b
        taken
      end

      # @return [Boolean] whether there is more than before
      def fill
        raise IOError, "closed stream" if @closed
        return false if @ended

        chunk = @request.read_chunk
        if chunk.nil?
          @ended = true
          return false
        end

        @rest.empty? ? @rest = chunk : @rest << chunk
        true
      end
    end
  end
end
