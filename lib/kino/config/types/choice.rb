# frozen_string_literal: true

require "kino/config/types/type"

module Kino
  module Config
    module Types
      # One of a few words; a Symbol in Ruby.
      class Choice < Type
        # (see Type#placeholder)
        attr_reader :placeholder

        # @param words [Array<Symbol>]
        # @param placeholder [String]
        def initialize(words:, placeholder:)
          super()
          @choices = words
          @placeholder = placeholder
        end

        # (see Type#coerce)
        def coerce(value) = @choices.find { |word| [word, word.name].include?(value) } || yield

        # (see Type#expectation)
        def expectation = "one of #{@choices.join(", ")}"

        private

        def forms = @choices.map(&:inspect)
      end
    end
  end
end
