# frozen_string_literal: true

module Kino
  module Rack
    # `rack.input` of a request without a body. It has no state, so that all Ractors share one.
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

      # @return [nil]
      def close; end
    end

    # The one of them.
    NULL_INPUT = NullInput.new.freeze
  end
end
