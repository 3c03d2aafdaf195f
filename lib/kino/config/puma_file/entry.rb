# frozen_string_literal: true

module Kino
  module Config
    class PumaFile
      # The settings that a call becomes.
      #
      # @!attribute [r] values
      #   @return [Hash{Symbol => Object}] by directive, not validated
      # @!attribute [r] note
      #   @return [String, nil] what this value in particular loses
      Became = Data.define(:values, :note)

      # Why a call becomes nothing.
      #
      # @!attribute [r] kind
      #   @return [Symbol] see {Refused#kind}
      # @!attribute [r] reason
      #   @return [String]
      Refusal = Data.define(:kind, :reason)

      Entry = Data.define(:names, :becomes, :kind, :words, :rule)

      # A method of Puma's configuration, with its aliases and former names, and its equivalent in Kino.
      #
      # @!attribute [r] names
      #   @return [Array<Symbol>] the current one first
      # @!attribute [r] becomes
      #   @return [Array<Symbol>] directives; none if Kino has no such thing
      # @!attribute [r] kind
      #   @return [Symbol] :value or :hook; if it becomes nothing, see {Refused#kind}
      # @!attribute [r] words
      #   @return [String, nil] what is different, or why there is no such thing
      # @!attribute [r] rule
      #   @return [Proc, nil] turns the arguments into {Became} or {Refusal}
      class Entry
        # @param arguments [Array<Object>] of the call
        # @return [Became, Refusal]
        def outcome(arguments) = rule ? rule.call(*arguments) : Refusal.new(kind:, reason: words)

        # @return [Boolean]
        def hook? = kind == :hook
      end
    end
  end
end
