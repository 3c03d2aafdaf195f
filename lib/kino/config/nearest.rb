# frozen_string_literal: true

module Kino
  module Config
    # Guesses what a mistyped name was meant to be.
    #
    # @api private
    module Nearest
      # @param name [String, Symbol] as it was typed
      # @param known [Array<String, Symbol>] the names that exist
      # @return [String] " (did you mean X?)", or "" when nothing is near
      def self.hint(name, known)
        found = to(name, known)
        found ? " (did you mean #{found}?)" : ""
      end

      # @param name [String, Symbol] as it was typed
      # @param known [Array<String, Symbol>] the names that exist
      # @return [String, nil] nil when nothing is near
      def self.to(name, known)
        # Ruby runs without the gem under --disable-did_you_mean.
        return unless defined?(DidYouMean::SpellChecker)

        DidYouMean::SpellChecker.new(dictionary: known.map(&:to_s)).correct(name.to_s).first
      end
    end
  end
end
