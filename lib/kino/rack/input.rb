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
      # Bytes that are asked for at a time where the caller has not said how many.
      CHUNK = 65_536
      private_constant :CHUNK

      # @param request [Kino::Request] what the bytes come from
      def initialize(request)
        @request = request
        @ahead = nil # what {#gets} read beyond its line
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
        line = @ahead || String.new
        index = keeping(line) { find_end(line) }
        @ahead = index && index + 1 < line.bytesize ? line.slice!((index + 1)..) : nil
        line unless line.empty?
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
        @ahead = nil
      end

      private

      # @return [Integer, nil] where the first "\n" is, which is read up to
      def find_end(line)
        searched = 0
        until (index = line.index("\n", searched))
          searched = line.bytesize
          break unless fill(line, CHUNK)
        end
        index
      end

      # What was read before an error stays to be read: a time-out around a call must not lose it.
      def keeping(data)
        is_done = false
        result = yield
        is_done = true
        result
      ensure
        # Not a rescue: the exception of Timeout is no StandardError.
        @ahead = data.dup unless is_done || data.empty?
      end

      def read_length(data, length)
        take_ahead(data, length)
        nil while data.bytesize < length && fill(data, length - data.bytesize)
      end

      def read_rest(data)
        take_ahead(data, @ahead.bytesize) if @ahead
        nil while fill(data, CHUNK)
      end

      def take_ahead(data, length)
        return unless @ahead

        data << @ahead.slice!(0, length)
        @ahead = nil if @ahead.empty?
      end

      # @return [Boolean] whether there is more than before
      def fill(data, most)
        raise IOError, "closed stream" if @closed

        @request.read_into(data, most)
      end
    end
  end
end
