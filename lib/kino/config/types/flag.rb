# frozen_string_literal: true

require "kino/config/types/type"

module Kino
  module Config
    module Types
      # Something that is on or off; true or false in Ruby.
      class Flag < Type
        WORDS = { "on" => true, "off" => false }.freeze
        private_constant :WORDS

        # (see Type#coerce)
        def coerce(value) = meaning(value) { WORDS.value?(value) ? value : WORDS.fetch(value) { return yield } }

        # (see Type#expectation)
        def expectation = [*@words.keys, "true or false (on or off on the command line)"].join(" or ")

        # (see Type#placeholder)
        def placeholder = [*@words.keys, *WORDS.keys].join("|")

        # (see Type#show)
        def show(value) = WORDS.key(value) || super

        private

        def forms = ["bool"]

        def kind = :flag
      end
    end
  end
end
