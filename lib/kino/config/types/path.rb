# frozen_string_literal: true

require "kino/config/types/type"

module Kino
  module Config
    module Types
      # A file name.
      class Path < Type
        # (see Type#coerce)
        def coerce(value)
          meaning(value) do
            text = value.respond_to?(:to_path) ? value.to_path : value
            text.is_a?(String) && !text.empty? && !text.b.match?(CONTROLS) ? String.new(text).freeze : yield
          end
        end

        # Most systems allow line breaks in file names, but they would break lines of output.
        CONTROLS = /[\x00-\x1f\x7f]/n
        private_constant :CONTROLS

        # (see Type#expectation)
        def expectation = [*@words.keys, "the path of a file, without control characters"].join(" or ")

        # (see Type#placeholder)
        def placeholder = "PATH"

        private

        # Anything with a to_path.
        def forms = ["_ToPath"]
      end
    end
  end
end
