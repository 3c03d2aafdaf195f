# frozen_string_literal: true

require "kino/errors"

module Kino
  module Config
    Directive = Data.define(:name, :section, :type, :default, :short, :variable, :native, :since, :summary, :doc)

    # One setting: its name, what it may be, and the words that explain it. See {Directives} for what is made of it.
    #
    # @!attribute [r] name
    #   @return [Symbol] the keyword, and the word in the file
    # @!attribute [r] section
    #   @return [Symbol] where the documentation has it, see {Directives::SECTIONS}
    # @!attribute [r] type
    #   @return [Types::Type]
    # @!attribute [r] default
    #   @return [Object] holds where nothing else is given; passes the type's own check
    # @!attribute [r] short
    #   @return [String, nil] the one-letter flag, such as "-w"
    # @!attribute [r] variable
    #   @return [Hash{String => String}] variables of the environment that others go by too, such as "PORT", the
    #     strongest first; and what is added to the value of each: "/process" to RAILS_MAX_THREADS=5
    # @!attribute [r] native
    #   @return [Boolean] whether the front-end is told of it, under its name and as it is
    # @!attribute [r] since
    #   @return [String] the version of Kino that had it first
    # @!attribute [r] summary
    #   @return [String] one line for `--help`
    # @!attribute [r] doc
    #   @return [String] what it does, its unit and its limits, for the reader who has to decide
    class Directive
      # What the variables of the environment begin with that are Kino's own.
      PREFIX = "KINO_"

      # @param short [String, nil] see {#short}
      # @param variable [String, Array<String>, Hash{String => String}, nil] see {#variable}
      # @param native [Boolean] see {#native}
      # @param since [String] see {#since}
      # @param attributes [Hash{Symbol => Object}] the other attributes, all of them
      def initialize(short: nil, variable: nil, native: false, since: "0.1.0", **attributes)
        variable = Array(variable).to_h { |name| [name, ""] } unless variable.is_a?(Hash)
        super
      end

      # @return [String, nil] the long flag, such as "--queue-depth"; nil for what only Ruby can say
      def flag = ("--#{name.name.tr("_", "-")}" if type.flag?)

      # @return [Array<String>] the variables of the environment that set it, the strongest first: none for what only
      #   Ruby can say
      def variables = type.flag? ? ["#{PREFIX}#{name.name.upcase}", *variable.keys] : []

      # The one gate through which every value goes.
      #
      # @param value [Object] from Ruby, or a String from a command line
      # @param source [String] where it came from, for the error
      # @return [Object] the value in its one frozen form
      # @raise [ConfigError] when it does not fit; says what would
      def coerce(value, source:)
        refuse(value, source) unless legible?(value)
        # What may be written as a word may be a Symbol in Ruby.
        type.coerce(value.is_a?(Symbol) ? value.name : value) { refuse(value, source) }
      end

      private

      # No pattern could be matched on other text.
      def legible?(value)
        return true unless value.is_a?(String) || value.is_a?(Symbol)

        value.encoding.ascii_compatible? && value.to_s.valid_encoding?
      end

      def refuse(value, source)
        raise ConfigError, "#{name} must be #{type.expectation}, got #{value.inspect} (from #{source})"
      end
    end
  end
end
