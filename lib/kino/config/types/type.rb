# frozen_string_literal: true

module Kino
  module Config
    module Types
      # The interface of types.
      #
      # @abstract
      class Type
        # @param words [Hash{String => Object}] words for values of another kind, such as
        #   { "auto" => :auto }
        def initialize(words: {})
          @words = words
        end

        # @param value [Object] from Ruby, or a String from a command line
        # @yield for an invalid value; the block's value is then the result
        # @yieldparam why [String] what in particular is wrong, if that can be said
        # @return [Object] the value in its canonical form, frozen and shareable
        def coerce(value) = raise(NotImplementedError, "#{self.class} takes no #{value.inspect}")

        # @return [Boolean] whether a value can be given on a command line
        def flag? = true

        # @return [Boolean] whether it is a list, so that a flag may be repeated and a directive take several values
        def several? = false

        # @return [String] completes the sentence "workers must be ..."
        def expectation = raise(NotImplementedError)

        # @return [String] the placeholder in `--help`
        def placeholder = raise(NotImplementedError)

        # @param value [Object] from {#coerce}
        # @return [String] the value for a command line
        def show(value) = @words.key(value) || value.to_s

        # @param value [Object] from {#coerce}
        # @return [String] the value as Ruby code
        def code(value) = @words.value?(value) ? value.inspect : literal(value)

        # @return [String] the RBS type that {#coerce} takes from Ruby
        def signature = [*@words.values.map(&:inspect), "String", *forms].uniq.join(" | ")

        # @return [Symbol] its type in the front-end: :string, :flag, :count, :seconds, with a question mark if it may
        #   be nil
        def native = @words.value?(nil) ? :"#{kind}?" : kind

        private

        def literal(value) = value.inspect

        # Other RBS types that {#coerce} takes from Ruby.
        # @return [Array<String>]
        def forms = []

        def kind = raise(NotImplementedError)

        # The value of a word.
        # @yield if the value is not one of the words
        def meaning(value)
          @words.each { |word, meaning| return meaning if value == word || value == meaning }
          yield
        end
      end
    end
  end
end
