# frozen_string_literal: true

require "kino/config/types/type"

module Kino
  module Config
    module Types
      # The name of a file.
      class Path < Type
        # (see Type#coerce)
        def coerce(value)
          meaning(value) do
            text = value.respond_to?(:to_path) ? value.to_path : value
            text.is_a?(String) && !text.empty? && !text.b.match?(CONTROLS) ? String.new(text).freeze : yield
          end
        end

        # A file name may have them on most systems, but one line that shows it would become two.
        CONTROLS = /[\x00-\x1f\x7f]/n
        private_constant :CONTROLS

        # (see Type#expectation)
        def expectation = [*@words.keys, "the path of a file, without control characters"].join(" or ")

        # (see Type#placeholder)
        def placeholder = "PATH"

        private

        # What has a to_path.
        def forms = ["_ToPath"]
      end
    end
  end
end
