# frozen_string_literal: true

require "kino/config/tls"
require "kino/errors"

module Kino
  module Config
    Directive = Data.define(:name, :section, :type, :default, :short, :variable, :native, :since, :summary, :doc)

    # One setting: its name, its type, and its documentation. See {Directives} for what is made from it.
    #
    # @!attribute [r] name
    #   @return [Symbol] as the keyword, and in the file
    # @!attribute [r] section
    #   @return [Symbol] its section in the documentation, see {Directives::SECTIONS}
    # @!attribute [r] type
    #   @return [Types::Type]
    # @!attribute [r] default
    #   @return [Object] a valid value
    # @!attribute [r] short
    #   @return [String, nil] the one-letter flag, such as "-w"
    # @!attribute [r] variable
    #   @return [Hash{String => String}] environment variables that other servers use, too, such as "PORT", the
    #     strongest first; and what is appended to the value of each: "/process" to RAILS_MAX_THREADS=5
    # @!attribute [r] native
    #   @return [Boolean] whether it is passed on to the front-end, under its name
    # @!attribute [r] since
    #   @return [String] the first version of Kino that has it
    # @!attribute [r] summary
    #   @return [String] one line for `--help`
    # @!attribute [r] doc
    #   @return [String] what it does, its unit and its limits, for a reader who has to choose a value
    class Directive
      # The prefix of Kino's own environment variables.
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

      # @return [String, nil] the long flag, such as "--queue-depth"; nil if only Ruby can express its values
      def flag = ("--#{name.name.tr("_", "-")}" if type.flag?)

      # @return [Array<String>] the environment variables that set it, the strongest first; none if only Ruby can
      #   express its values
      def variables = type.flag? ? ["#{PREFIX}#{name.name.upcase}", *variable.keys] : []

      # Validates and converts a value. Every value goes through here.
      #
      # @param value [Object] from Ruby, or a String from a command line
      # @param source [String] where it came from, for the error
      # @return [Object] the value in its one frozen form
      # @raise [ConfigError] for an invalid value; says what would be valid
      def coerce(value, source:)
        refuse(value, source) unless legible?(value)
        # What may be written as a word may be a Symbol in Ruby.
        type.coerce(value.is_a?(Symbol) ? value.name : value) { |why| refuse(value, source, why) }
      end

      private

      # No pattern could be matched on other text.
      def legible?(value)
        return value.all? { |one| legible?(one) } if value.is_a?(Array)
        return true unless value.is_a?(String) || value.is_a?(Symbol)

        value.encoding.ascii_compatible? && value.to_s.valid_encoding?
      end

      def refuse(value, source, why = nil)
        raise ConfigError, "#{name} must be #{type.expectation}, got #{Tls.redact(value.inspect)} (from #{source})" \
                           "#{": #{why}" if why}"
      end
    end
  end
end
