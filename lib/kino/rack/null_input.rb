# frozen_string_literal: true

module Kino
  module Rack
    # `rack.input` of a request without a body. It has no state, so all Ractors share one.
    class NullInput
      # @param length [Integer, nil]
      # @param buffer [String, nil] emptied
      # @return [String, nil] "" without a length or with 0, else nil
      # @raise [ArgumentError] for a negative length
      def read(length = nil, buffer = nil)
        raise ArgumentError, "negative length #{length} given" if length&.negative?

        buffer&.clear
        return if length&.positive?

        buffer || +"".b
      end

      # @return [nil]
      def gets; end

      # @return [self, Enumerator] an Enumerator without a block
      def each
        block_given? ? self : enum_for
      end
      alias each_line each

      # @param length [Integer]
      # @param buffer [String, nil] emptied
      # @return [String] "" with 0
      # @raise [EOFError] with any other length
      def readpartial(length, buffer = nil)
        read(length, buffer) || raise(EOFError, "end of file reached")
      end

      # @return [true]
      def eof? = true

      # @return [nil]
      def close; end

      # @return [false] because all requests share it
      def closed? = false
    end

    # The only instance.
    NULL_INPUT = NullInput.new.freeze
  end
end
