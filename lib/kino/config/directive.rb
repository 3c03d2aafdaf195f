# frozen_string_literal: true

require "kino/errors"

module Kino
  module Config
    Directive = Data.define(:name, :type, :default, :short, :summary, :doc)

    # One setting: its name, what it may be, and the words that explain it. The `kino` command's flags and help, the
    # keywords of Kino::Server and the readers of {Settings} are all made from it.
    #
    # @!attribute [r] name
    #   @return [Symbol] the keyword
    # @!attribute [r] type
    #   @return [Types::Type]
    # @!attribute [r] default
    #   @return [Object] holds where nothing else is given; passes the type's own check
    # @!attribute [r] short
    #   @return [String, nil] the one-letter flag, such as "-w"
    # @!attribute [r] summary
    #   @return [String] one line for `--help`
    # @!attribute [r] doc
    #   @return [String] what it does, its unit and its limits, for the reader who has to decide
    class Directive
      # @param short [String, nil] see {#short}
      # @param attributes [Hash{Symbol => Object}] the other attributes, all of them
      def initialize(short: nil, **attributes) = super

      # @return [String, nil] the long flag, such as "--queue-depth"; nil for what only Ruby can say
      def flag = ("--#{name.name.tr("_", "-")}" if type.flag?)

      # The one gate through which every value goes.
      #
      # @param value [Object] from Ruby, or a String from a command line
      # @param source [String] where it came from, for the error
      # @return [Object] the value in its one frozen form
      # @raise [ConfigError] when it does not fit; says what would
      def coerce(value, source:)
        refuse(value, source) if value.is_a?(String) && !value.valid_encoding? # no pattern could be matched on it
        type.coerce(value) { refuse(value, source) }
      end

      private

      def refuse(value, source)
        raise ConfigError, "#{name} must be #{type.expectation}, got #{value.inspect} (from #{source})"
      end
    end
  end
end
