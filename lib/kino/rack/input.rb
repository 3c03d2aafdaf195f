# frozen_string_literal: true

module Kino
  # The objects of Rack's env that are more than a String.
  module Rack
    # `rack.input`: the request body, forward only, binary. Reading waits for the client.
    #
    # Every method that reads raises {DisconnectedError} (an IOError) if the client leaves before the
    # body is complete, a {RequestBodyError} if it is too large, malformed or stalls, and IOError after
    # {#close}, once the answer is complete, or while another thread reads.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc The Input Stream
    class Input
      # Bytes that are asked for at a time where the caller has not said how many.
      CHUNK = 65_536
      private_constant :CHUNK

      # @param request [Kino::Request] what the bytes come from
      def initialize(request)
        @request = request
        # What was read ahead; before the offset it is used up. Cutting that off at each line instead
        # would copy all that follows it each time.
        @ahead = String.new
        @offset = 0
        @closed = false
      end

      # @param length [Integer, nil] bytes to read at most; nil reads to the end
      # @param buffer [String, nil] filled with what is read, and returned
      # @return [String, nil] binary; at the end "" without a length, nil with one
      # @raise [ArgumentError] for a negative length
      def read(length = nil, buffer = nil)
        raise ArgumentError, "negative length #{length} given" if length&.negative?

        data = buffer ? buffer.clear.force_encoding(Encoding::BINARY) : String.new
        keeping(data) { length ? read_length(data, length) : read_rest(data) }
        data unless data.empty? && length&.positive?
      end

      # @return [String, nil] the next line with its "\n", or what is left; nil at the end
      def gets
        length = line_length
        String.new(capacity: length) << shift(length) unless length.zero?
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
      alias each_line each

      # Reads what there is, and waits only where there is nothing. `IO.copy_stream` hands it on as it comes.
      #
      # @param length [Integer] bytes to read at most
      # @param buffer [String, nil] filled with what is read, and returned
      # @return [String] binary
      # @raise [EOFError] at the end
      # @raise [ArgumentError] for a negative length
      def readpartial(length, buffer = nil)
        is_over = length.positive? && eof?
        # What that has read ahead is there.
        data = read([length, @ahead.bytesize - @offset].min, buffer)
        is_over ? raise(EOFError, "end of file reached") : data
      end

      # Waits for the client.
      # @return [Boolean] whether all of the body has been read
      def eof? = @offset == @ahead.bytesize && !read_ahead

      # What is unread stays unread.
      # @return [nil]
      def close
        @closed = true
        forget
      end

      # @return [Boolean]
      def closed? = @closed

      private

      # @return [Integer] bytes of the next line, which is then read; 0 at the end
      def line_length
        searched = 0
        loop do
          index = @ahead.byteindex("\n", @offset + searched)
          return index + 1 - @offset if index

          searched = @ahead.bytesize - @offset
          return searched unless read_ahead
        end
      end

      def read_ahead
        @ahead = rest
        @offset = 0
        fill(@ahead, CHUNK)
      end

      def rest = @ahead.byteslice(@offset..)

      # @return [String] the next bytes of what was read ahead; it may share their memory
      def shift(length)
        taken = @ahead.byteslice(@offset, length)
        @offset += taken.bytesize
        forget if @offset == @ahead.bytesize
        taken
      end

      def forget
        @ahead = String.new
        @offset = 0
        nil
      end

      # What was read before an error stays to be read: a time-out around a call must not lose it.
      def keeping(data)
        is_done = false
        yield
        is_done = true
      ensure
        # Not a rescue: the exception of Timeout is no StandardError.
        keep(data) unless is_done || data.empty?
      end

      def keep(data)
        @ahead = data + rest
        @offset = 0
      end

      def read_length(data, length)
        data << shift(length)
        nil while data.bytesize < length && fill(data, length - data.bytesize)
      end

      def read_rest(data)
        data << shift(@ahead.bytesize)
        nil while fill(data, CHUNK)
      end

      # @return [Boolean] whether there is more than before
      def fill(data, most)
        raise IOError, "closed stream" if @closed

        @request.read_into(data, most)
      end
    end
  end
end
