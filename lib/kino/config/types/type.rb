# frozen_string_literal: true

module Kino
  module Config
    module Types
      # What every type answers.
      #
      # @abstract
      class Type
        # @param words [Hash{String => Object}] words that stand for values of another kind, such as
        #   { "auto" => :auto }
        def initialize(words: {})
          @words = words
        end

        # @param value [Object] from Ruby, or a String from a command line
        # @yield where the value does not fit; what the block gives is the result then
        # @return [Object] the value in its one form, frozen and shareable
        def coerce(value) = raise(NotImplementedError, "#{self.class} takes no #{value.inspect}")

        # @return [Boolean] whether a command line can give such a value
        def flag? = true

        # @return [String] finishes the sentence "workers must be ..."
        def expectation = raise(NotImplementedError)

        # @return [String] stands for the value in `--help`
        def placeholder = raise(NotImplementedError)

        # @param value [Object] as {#coerce} gives it
        # @return [String] the value as the command line takes it
        def show(value) = @words.key(value) || value.to_s

        # @param value [Object] as {#coerce} gives it
        # @return [String] the value as Ruby code, for the file
        def code(value) = @words.value?(value) ? value.inspect : literal(value)

        # @return [String] the type of what {#coerce} takes from Ruby, as RBS writes it
        def signature = [*@words.values.map(&:inspect), "String", *forms].uniq.join(" | ")

        # @return [Symbol] how the front-end takes it: :string, :flag, :count, :seconds, or with a question mark
        #   where it may be nil
        def native = @words.value?(nil) ? :"#{kind}?" : kind

        private

        def literal(value) = value.inspect

        # What else {#coerce} takes from Ruby, as RBS writes it.
        # @return [Array<String>]
        def forms = []

        def kind = raise(NotImplementedError)

        # What a word means.
        # @yield where the value is none of the words
        def meaning(value)
          @words.each { |word, meaning| return meaning if value == word || value == meaning }
          yield
        end
      end
    end
  end
end
