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
            text.is_a?(String) && !text.empty? && !text.include?("\0") ? String.new(text).freeze : yield
          end
        end

        # (see Type#expectation)
        def expectation = [*@words.keys, "the path of a file"].join(" or ")

        # (see Type#placeholder)
        def placeholder = "PATH"

        private

        # What has a to_path.
        def forms = ["_ToPath"]
      end
    end
  end
end
