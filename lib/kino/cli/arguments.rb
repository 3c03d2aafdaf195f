# frozen_string_literal: true

require "optparse"
require "kino/config/settings"

module Kino
  class CLI
    # A command line that cannot be understood.
    class UsageError < Error; end

    Arguments = Data.define(:action, :rackup, :flags)

    # What a command line says: parsed here, not yet checked. That is for {Config::Settings}, and so `--help` works
    # whatever else is wrong.
    #
    # @!attribute [r] action
    #   @return [Symbol] :serve, :help or :version
    # @!attribute [r] rackup
    #   @return [String] path of the rackup file
    # @!attribute [r] flags
    #   @return [Hash{Symbol => Config::Given}] the directives that were given, by name
    class Arguments
      # The file that is served where none is named.
      DEFAULT_RACKUP = "config.ru"

      # @param argv [Array<String>] left as it is
      # @return [Arguments]
      # @raise [UsageError] for an unknown flag, a flag without its value or a second file
      def self.parse(argv) = Parser.new.parse(argv)

      # @return [String] the text of `--help`
      def self.help = Parser.new.help
    end

    # The option parser that {Config::Directives} makes.
    #
    # @api private
    class Parser
      def initialize
        @action = :serve
        @flags = {}
        @options = build
      end

      # @return [Arguments]
      # @raise [UsageError]
      def parse(argv)
        paths = @options.parse(argv)
        raise UsageError, "one rackup file at most, got #{paths.join(" and ")}; see kino --help" if paths.size > 1

        Arguments.new(action: @action, rackup: paths.first || Arguments::DEFAULT_RACKUP, flags: @flags)
      rescue OptionParser::ParseError => e
        raise UsageError, "#{e.reason}: #{e.args.join(" ")}#{hint(e)}; see kino --help"
      end

      # @return [String]
      def help = @options.help

      private

      def build
        OptionParser.new do |options|
          options.banner = "Usage: kino [options] [config.ru]\n\n" \
                           "Serves a Rack app from Ractors, or from threads where it cannot be shared.\n\n"
          options.summary_width = 35
          # A shortened flag that works today would change its meaning with the next directive.
          options.require_exact = true
          Config::Directives::ALL.each { |directive| add(options, directive) if directive.flag }
          add_actions(options)
        end
      end

      def add(options, directive)
        text = "#{directive.summary} (default: #{directive.type.show(directive.default)})"
        spelling = [directive.short, "#{directive.flag} #{directive.type.placeholder}"].compact
        options.on(*spelling, text) do |value|
          @flags[directive.name] = Config::Given.new(value:, source: directive.flag)
        end
      end

      def add_actions(options)
        options.separator ""
        # Kino::CLI looks for this one itself, for errors that come before or during the parsing.
        options.on("--debug", "show the backtrace of an error") { nil }
        options.on("-v", "--version", "print the version") { @action = :version }
        options.on("-h", "--help", "print this") { @action = :help }
      end

      def hint(error)
        return "" unless error.is_a?(OptionParser::InvalidOption)

        Config::Nearest.hint(error.args.first.to_s[/\A[^=]*/], long_flags)
      end

      def long_flags = @options.top.list.grep(OptionParser::Switch).flat_map { |switch| switch.long.to_a }
    end

    private_constant :Parser
  end
end
