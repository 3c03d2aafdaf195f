# frozen_string_literal: true

module Kino
  module Check
    # What a report may show of the app's values. A Hash is keyed by words as a rule, and now and then by a secret
    # (`@key_generators[secret_key_base]`), and a report is pasted where others read it. So a text is shown only if it
    # is made of words, as names, paths and headers are; of any other it is said what it is. What a person has made up
    # of words cannot be told from a name.
    #
    # @api private
    module Masking
      # Characters that a text may have to be shown, and a word in it.
      LONGEST = 40
      WORD_LONGEST = 20
      # Too short for a secret.
      SHORT = 4
      # Letters, in one case or with capitals before small ones, and a number at the end; or a short number. What is
      # random changes between capitals, small letters and digits more often.
      WORD = /(?:[[:upper:]]?[[:lower:]]+(?:[[:upper:]][[:lower:]]{2,})*|[[:upper:]]+)\d{0,3}|\d{1,4}/
      WORDS = %r{\A[/:.@*]*(?:#{WORD}(?:[ _.:/,;=+*-]+#{WORD})*)?[/?!=*]*\z}
      private_constant :LONGEST, :WORD_LONGEST, :SHORT, :WORD, :WORDS

      class << self
        # @param value [String, Symbol] the key of a Hash, say
        # @return [String] the value as Ruby writes it, or what it is where it may be a secret
        def show(value)
          return "#{value.class} of #{value.length} characters" unless plain?(value.to_s)

          value.is_a?(String) ? value.dump : value.inspect
        end

        private

        def plain?(text)
          return false unless text.valid_encoding?

          text.length <= SHORT || (text.length <= LONGEST && text.match?(WORDS) && words_short?(text))
        rescue Encoding::CompatibilityError # of no use to a Regexp, such as UTF-16
          false
        end

        def words_short?(text) = text.scan(/[[:alnum:]]+/).all? { it.length <= WORD_LONGEST }
      end
    end
  end
end
