# frozen_string_literal: true

require "kino/config/types/whole"

module Kino
  module Config
    module Types
      # A number of bytes, or text with a unit: KB, MB and GB are powers of 1000, KiB, MiB and GiB of 1024 (IEC
      # 80000-13). A bare K or M is neither and is refused, for some mean the one by it and some the other.
      class Size < Whole
        # Bytes per unit, the largest first.
        UNITS = { "GiB" => 2**30, "GB" => 10**9, "MiB" => 2**20, "MB" => 10**6, "KiB" => 2**10, "KB" => 10**3,
                  "B" => 1 }.freeze

        FORM = /\A(?<number>\d+(?:_\d+)*(?:\.\d+)?) ?(?<unit>#{UNITS.keys.join("|")})\z/i
        BY_NAME = UNITS.transform_keys(&:downcase).freeze
        private_constant :FORM, :BY_NAME

        # @param range [Range<Integer>] bytes, both ends included
        # @param words [Hash{String => Object}] such as { "none" => nil }
        def initialize(range:, words: {}) = super(range:, placeholder: "SIZE", words:)

        # (see Type#coerce)
        def coerce(value, &)
          match = FORM.match(value) if value.is_a?(String)
          super(match ? bytes(match) : value, &)
        end

        # (see Type#expectation)
        def expectation
          [*@words.keys, "bytes from #{range.begin} to #{range.end}, or a size such as 50MB or 50MiB"].join(" or ")
        end

        # (see Type#show)
        def show(value) = @words.key(value) || with_unit(value)

        private

        def literal(value)
          text = with_unit(value)
          text == value.to_s ? super : text.inspect
        end

        # A fraction that is not a whole number of bytes is out of range.
        def bytes(match)
          exact = Rational(match[:number]) * BY_NAME.fetch(match[:unit].downcase)
          exact.denominator == 1 ? exact.numerator : exact
        end

        def with_unit(value)
          unit, bytes = UNITS.find { |_, bytes| bytes > 1 && value >= bytes && (value % bytes).zero? }
          unit ? "#{value / bytes}#{unit}" : value.to_s
        end
      end
    end
  end
end
