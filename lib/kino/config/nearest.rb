# frozen_string_literal: true

module Kino
  module Config
    # Finds what a mistyped name was probably meant to be.
    #
    # @api private
    module Nearest
      # @param name [String, Symbol] as it was typed
      # @param known [Array<String, Symbol>] the names that exist
      # @return [String] " (did you mean X?)", or "" when nothing is near
      def self.hint(name, known)
        # Ruby runs without the gem under --disable-did_you_mean.
        return "" unless defined?(DidYouMean::SpellChecker)

        found = DidYouMean::SpellChecker.new(dictionary: known.map(&:to_s)).correct(name.to_s).first
        found ? " (did you mean #{found}?)" : ""
      end
    end
  end
end
