# frozen_string_literal: true

require "kino/config/address"

module Kino
  module Config
    # What the value of a directive may be.
    #
    # @api private
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

        private

        # What a word means.
        # @yield where the value is none of the words
        def meaning(value)
          @words.each { |word, meaning| return meaning if value == word || value == meaning }
          yield
        end
      end

      # Whole numbers in a range, and words that stand for a value that is not a number.
      class Whole < Type
        DIGITS = /\A\d+(_\d+)*\z/
        private_constant :DIGITS

        # @return [Range<Integer>] both ends included
        attr_reader :range
        # (see Type#placeholder)
        attr_reader :placeholder

        # @param range [Range<Integer>] both ends included
        # @param placeholder [String]
        # @param words [Hash{String => Object}] such as { "auto" => :auto }
        def initialize(range:, placeholder: "COUNT", words: {})
          super(words:)
          @range = range
          @placeholder = placeholder
        end

        # (see Type#coerce)
        def coerce(value)
          meaning(value) do
            number = value.is_a?(String) && DIGITS.match?(value) ? Integer(value, 10) : value
            number.is_a?(Integer) && range.cover?(number) ? number : yield
          end
        end

        # (see Type#expectation)
        def expectation = [*@words.keys, "an integer from #{range.begin} to #{range.end}"].join(" or ")
      end

      # A length of time in seconds, fractions included. It always becomes a Float, so that the native side sees
      # one type.
      class Seconds < Type
        # A year. Longer waits mean "for ever" to any reader, and overflow the clocks of some systems.
        LIMIT = 31_536_000

        DECIMAL = /\A\d+(_\d+)*(\.\d+)?\z/
        private_constant :DECIMAL

        # @param least [Numeric] seconds
        # @param words [Hash{String => Object}] such as { "none" => nil }
        def initialize(least: 0, words: {})
          super(words:)
          @range = least..LIMIT
        end

        # (see Type#coerce)
        def coerce(value)
          meaning(value) do
            number = value.is_a?(String) && DECIMAL.match?(value) ? Float(value) : value
            number.is_a?(Numeric) && number.real? && @range.cover?(number) ? number.to_f : yield
          end
        end

        # (see Type#expectation)
        def expectation = [*@words.keys, "a number of seconds from #{@range.begin} to #{LIMIT}"].join(" or ")

        # (see Type#placeholder)
        def placeholder = "SECONDS"

        # (see Type#show)
        def show(value) = super.delete_suffix(".0")
      end

      # One of a few words; a Symbol in Ruby.
      class Choice < Type
        # (see Type#placeholder)
        attr_reader :placeholder

        # @param words [Array<Symbol>]
        # @param placeholder [String]
        def initialize(words:, placeholder:)
          super()
          @choices = words
          @placeholder = placeholder
        end

        # (see Type#coerce)
        def coerce(value) = @choices.find { |word| [word, word.name].include?(value) } || yield

        # (see Type#expectation)
        def expectation = "one of #{@choices.join(", ")}"
      end

      # Something that is on or off; true or false in Ruby.
      class Flag < Type
        WORDS = { "on" => true, "off" => false }.freeze
        private_constant :WORDS

        # (see Type#coerce)
        def coerce(value, &) = WORDS.value?(value) ? value : WORDS.fetch(value, &)

        # (see Type#expectation)
        def expectation = "true or false (on or off on the command line)"

        # (see Type#placeholder)
        def placeholder = WORDS.keys.join("|")

        # (see Type#show)
        def show(value) = WORDS.key(value)
      end

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
      end

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
      end

      # What {Address.parse} takes.
      class Bind < Type
        # (see Type#coerce)
        def coerce(value) = value.is_a?(String) && Address.parse(value) ? String.new(value).freeze : yield

        # (see Type#expectation)
        def expectation = "a host name, an IP address or tcp://host:port"

        # (see Type#placeholder)
        def placeholder = "ADDRESS"
      end

      # Something that is called when its time has come; nil for nothing. A command line has no words for it.
      class Callable < Type
        # (see Type#coerce)
        def coerce(value) = value.nil? || value.respond_to?(:call) ? value : yield

        # (see Type#flag?)
        def flag? = false

        # (see Type#expectation)
        def expectation = "nil or something with a method call, such as a Proc"
      end
    end
  end
end
