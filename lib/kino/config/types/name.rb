# frozen_string_literal: true

require "kino/config/types/type"

module Kino
  module Config
    module Types
      # A name of letters, digits and "_", "-", ".".
      class Name < Type
        FORM = /\A[\w.-]+\z/
        private_constant :FORM

        # (see Type#coerce)
        def coerce(value)
          text = value.is_a?(Symbol) ? value.name : value
          text.is_a?(String) && FORM.match?(text) ? String.new(text).freeze : yield
        end

        # (see Type#expectation)
        def expectation = "a name such as production"

        # (see Type#placeholder)
        def placeholder = "NAME"

        private

        def forms = ["Symbol"]
      end
    end
  end
end
