# frozen_string_literal: true

require "optparse"
require "kino/config/layers"

module Kino
  class CLI
    # An invalid command line.
    class UsageError < Error; end

    Arguments = Data.define(:action, :flags, :options)

    # A parsed command line. {Config::Settings} validates it later, so that `--help` works whatever else is wrong.
    #
    # @!attribute [r] action
    #   @return [Symbol] :serve, or one of {ACTIONS}
    # @!attribute [r] flags
    #   @return [Hash{Symbol => Config::Given}] the directives that were given, by name
    # @!attribute [r] options
    #   @return [Hash{Symbol => Object}] other options: `config` (String, path of the settings file), and those of the
    #     action, see {OPTIONS}
    class Arguments
      # Actions other than serving, each with a flag of its name: its line in the help.
      ACTIONS = {
        check: "say why the app can, or cannot, run on Ractors",
        print_config: "print each setting, and where it comes from",
        dev_cert: "make a certificate for localhost, and say how to trust it",
        init: "write a file of settings, with every directive explained",
        version: "print the version",
        help: "print this"
      }.freeze

      # Options of an action: the action, the flag, and its line in the help.
      OPTIONS = {
        request: [:check, '--request "GET /path"', "call the app in a Ractor, too; may be given again"],
        json: [:check, "--json", "for tools"],
        force: [:init, "--force", "replace a file that is there"],
        from: [:init, "--from PATH", "take over what a configuration file of Puma says"]
      }.freeze

      # @param argv [Array<String>] not changed
      # @return [Arguments]
      # @raise [UsageError] for an unknown flag, a flag without its value, a second file, a second action, or a flag of
      #   another action
      def self.parse(argv) = Parser.new.parse(argv)

      # @return [String] the text of `--help`
      def self.help = Parser.new.help
    end

    # The option parser, made from {Config::Directives}.
    #
    # @api private
    class Parser
      SHORT = { version: "-v", help: "-h" }.freeze
      # Actions that take precedence over everything else.
      HARMLESS = %i[help version].freeze
      private_constant :SHORT, :HARMLESS

      def initialize
        @actions = []
        @flags = {}
        @given = {}
        @parser = build
      end

      # @return [Arguments]
      # @raise [UsageError]
      def parse(argv)
        refuse_bytes(argv)
        take_rackup(@parser.parse(argv))
        action = self.action
        refuse_strays(action) unless HARMLESS.include?(action)
        Arguments.new(action:, flags: @flags, options: @given)
      rescue OptionParser::ParseError => e
        raise UsageError, "#{e.reason}: #{e.args.join(" ")}#{hint(e)}; see kino --help"
      end

      # @return [String]
      def help = @parser.help

      private

      def refuse_bytes(argv)
        word = argv.find { |one| !one.valid_encoding? } or return
        raise UsageError, "no text in #{word.encoding}: #{word.inspect}; see kino --help"
      end

      def build
        OptionParser.new do |parser|
          parser.banner = "Usage: kino [options] [config.ru]\n\n" \
                          "Serves a Rack app from Ractors, or from threads where it cannot be shared.\n"
          parser.summary_width = 35
          # An abbreviated flag could change its meaning with the next directive.
          parser.require_exact = true
          Config::Directives::SECTIONS.each { |section, title| add_section(parser, section, title) }
          add_actions(parser)
        end
      end

      def add_section(parser, section, title)
        directives = Config::Directives::ALL.select { |directive| directive.section == section && directive.flag }
        return if directives.empty?

        parser.separator "\n#{title}:"
        directives.each { |directive| add(parser, directive) }
      end

      def add(parser, directive)
        text = "#{directive.summary} (default: #{directive.type.show(directive.default)})"
        spelling = [directive.short, "#{directive.flag} #{directive.type.placeholder}"].compact
        parser.on(*spelling, text) do |value|
          value = [*@flags[directive.name]&.value, value] if directive.type.several?
          @flags[directive.name] = Config::Given.new(value:, source: directive.flag)
        end
      end

      def add_actions(parser)
        parser.separator "\nThe command:"
        parser.on("-C", "--config PATH", "file of settings; - for none (default: #{files})") do |path|
          @given[:config] = path
        end
        # Kino::CLI looks for this flag itself, for errors before or during parsing.
        parser.on("--debug", "show the backtrace of an error") { nil }
        Arguments::ACTIONS.each do |action, text|
          parser.on(*SHORT[action], flag(action), text) { @actions |= [action] }
          add_options(parser, action)
        end
      end

      def files = Config::Layers::FILES.join(", then ")

      def add_options(parser, action)
        Arguments::OPTIONS.each do |name, (owner, flag, text)|
          next unless owner == action

          parser.on(flag, "with --#{action}: #{text}") { |value| take(name, value) }
        end
      end

      def take(name, value)
        name == :request ? (@given[name] ||= []) << value : @given[name] = value
      end

      # The file may be given with or without the flag.
      def take_rackup(paths)
        paths += [@flags[:rackup]&.value].compact
        raise UsageError, "one rackup file at most, got #{paths.join(" and ")}; see kino --help" if paths.size > 1

        @flags[:rackup] ||= Config::Given.new(value: paths.first, source: "the command line") if paths.any?
      end

      def action
        harmless = HARMLESS.find { |action| @actions.include?(action) }
        return harmless || @actions.fetch(0, :serve) if harmless || @actions.size < 2

        raise UsageError, "#{@actions.map { |action| flag(action) }.join(" and ")} do not go together; see kino --help"
      end

      def flag(action) = "--#{action.name.tr("_", "-")}"

      def refuse_strays(action)
        stray = @given.keys.find { |name| (owner, = Arguments::OPTIONS[name]) && owner != action }
        if stray
          raise UsageError, "--#{stray} goes with #{flag(Arguments::OPTIONS.dig(stray, 0))} only; see kino --help"
        end

        refuse_settings if action == :init
      end

      # The written file does not depend on them.
      def refuse_settings
        given = @flags.values.first or return
        told = given.source.start_with?("-") ? given.source : given.value
        raise UsageError, "--init takes no setting, got #{told}; see kino --help"
      end

      def hint(error)
        return "" unless error.is_a?(OptionParser::InvalidOption)

        Config::Nearest.hint(error.args.first.to_s[/\A[^=]*/], long_flags)
      end

      def long_flags = @parser.top.list.grep(OptionParser::Switch).flat_map { |switch| switch.long.to_a }
    end

    private_constant :Parser
  end
end
