# frozen_string_literal: true

require "kino/config/types/type"

module Kino
  module Config
    module Types
      # Whole numbers in a range, and words for values that are not numbers.
      class Whole < Type
        DIGITS = /\A\d+(_\d+)*\z/
        private_constant :DIGITS

        # @return [Range<Integer>] both ends included
        attr_reader :range
        # (see Type#placeholder)
        attr_reader :placeholder

        # @param range [Range<Integer>] both ends included
        # @param placeholder [String]
        # @param words [Hash{String => Object}] such as { "auto" => :auto }
        def initialize(range:, placeholder: "COUNT", words: {})
          super(words:)
          @range = range
          @placeholder = placeholder
        end

        # (see Type#coerce)
        def coerce(value)
          meaning(value) do
            number = value.is_a?(String) && DIGITS.match?(value) ? Integer(value, 10) : value
            number.is_a?(Integer) && range.cover?(number) ? number : yield
          end
        end

        # (see Type#expectation)
        def expectation = [*@words.keys, "an integer from #{range.begin} to #{range.end}"].join(" or ")

        private

        def literal(value) = digits(value.to_s)

        # As written in Ruby: 1_048_576.
        def digits(text) = text.length < 5 ? text : text.reverse.scan(/\d{1,3}/).join("_").reverse

        def forms = ["Integer"]

        def kind = :count
      end
    end
  end
end
