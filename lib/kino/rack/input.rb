# frozen_string_literal: true

module Kino
  # Objects of the Rack env.
  module Rack
    # `rack.input`: the request body, forward only, binary. Reading waits for the client.
    #
    # Every method that reads raises {DisconnectedError} (an IOError) if the client leaves before the body is complete,
    # a {RequestBodyError} if the body is too large, malformed or stalls, and IOError after {#close}, once the answer is
    # complete, or while another thread reads.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc The Input Stream
    class Input
      # Bytes to read at a time if the caller has not given a length.
      CHUNK = 65_536
      private_constant :CHUNK

      # @param request [Kino::Request] to read from
      def initialize(request)
        @request = request
        # What was read ahead; the bytes before the offset are used up. Cutting them off at each line would copy the
        # rest each time.
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

      # Reads what has arrived, and waits only if nothing has. So `IO.copy_stream` passes the body on as it arrives.
      #
      # @param length [Integer] bytes to read at most
      # @param buffer [String, nil] filled with what is read, and returned
      # @return [String] binary
      # @raise [EOFError] at the end
      # @raise [ArgumentError] for a negative length
      def readpartial(length, buffer = nil)
        is_over = length.positive? && eof?
        # eof? has read ahead.
        data = read([length, @ahead.bytesize - @offset].min, buffer)
        is_over ? raise(EOFError, "end of file reached") : data
      end

      # Waits for the client.
      # @return [Boolean] whether all of the body has been read
      def eof? = @offset == @ahead.bytesize && !read_ahead

      # Discards what is unread.
      # @return [nil]
      def close
        @closed = true
        forget
      end

      # @return [Boolean]
      def closed? = @closed

      private

      # Reads ahead up to the end of the next line.
      # @return [Integer] bytes of that line; 0 at the end
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

      # @return [String] the next bytes of those read ahead; it may share their memory
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

      # Keeps what was read before an error, to be read again: a timeout around a call must not lose it.
      def keeping(data)
        is_done = false
        yield
        is_done = true
      ensure
        # In an ensure, because the exception of Timeout is no StandardError.
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

      # @return [Boolean] whether anything was read
      def fill(data, most)
        raise IOError, "closed stream" if @closed

        @request.read_into(data, most)
      end
    end
  end
end
