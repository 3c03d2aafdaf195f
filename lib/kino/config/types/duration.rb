# frozen_string_literal: true

require "kino/config/types/type"

module Kino
  module Config
    module Types
      # Seconds, fractions included, or text: "90s", "1m30s", "250ms". Always becomes a Float, so that the native side
      # sees one type.
      class Duration < Type
        # A year. Longer waits mean "for ever", and overflow the clocks of some systems.
        LIMIT = 31_536_000

        # Seconds per unit, in the order in which units are written.
        UNITS = { "d" => 86_400, "h" => 3600, "m" => 60, "s" => 1, "ms" => Rational(1, 1000) }.freeze

        DECIMAL = /\d+(?:_\d+)*(?:\.\d+)?/
        FORM = /\A(?=\d)#{UNITS.keys.map { |unit| "(?:(?<#{unit}>#{DECIMAL})#{unit}(?![a-z]))?" }.join}\z/
        private_constant :DECIMAL, :FORM

        # @param least [Numeric] seconds
        # @param words [Hash{String => Object}] such as { "none" => nil }
        def initialize(least: 0, words: {})
          super(words:)
          @range = least..LIMIT
        end

        # (see Type#coerce)
        def coerce(value)
          meaning(value) do
            number = value.is_a?(String) ? seconds(value) : value
            number.is_a?(Numeric) && number.real? && @range.cover?(number) ? number.to_f : yield
          end
        end

        # (see Type#expectation)
        def expectation
          [*@words.keys, "seconds from #{@range.begin} to #{LIMIT}, or a time such as 250ms or 1m30s"].join(" or ")
        end

        # (see Type#placeholder)
        def placeholder = "TIME"

        # (see Type#show)
        def show(value) = @words.key(value) || "#{literal(value)}s"

        private

        def seconds(text)
          return Float(text) if /\A#{DECIMAL}\z/o.match?(text)

          match = FORM.match(text) or return
          match.named_captures.sum { |unit, number| Rational(number || 0) * UNITS.fetch(unit) }
        end

        def literal(value) = value.to_s.delete_suffix(".0")

        def forms = %w[Integer Float Rational]

        def kind = :seconds
      end
    end
  end
end
