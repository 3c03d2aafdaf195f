# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/given"
require "kino/config/nearest"
require "kino/config/dsl"

module Kino
  module Config
    # A settings file in Ruby, `kino.rb`: each directive is a method of {Dsl}.
    #
    #     workers 4
    #     bind "0.0.0.0"
    #     after_boot { puts "up" }
    #
    # If a directive is set twice, the second value counts, so that a condition can override a line above. A second hook
    # is an error, because the first would never be called. Addresses of `bind` add up.
    class File
      # @param path [String]
      # @return [Hash{Symbol => Given}] the values that it sets, by directive; not validated
      # @raise [ConfigError] if it is missing or unreadable, raises, or uses an unknown directive; names the line
      def self.read(path) = new(path).read

      # @param path [String]
      def initialize(path)
        @path = path
        # So that __dir__ and backtraces are as in any other file.
        @full_path = ::File.expand_path(path)
        @given = {}
      end

      # @return [Hash{Symbol => Given}] see {.read}
      # @raise [ConfigError]
      def read
        Dsl.read(self, text, @full_path)
        @given
      rescue ConfigError, SignalException, NoMemoryError # signals are not ours
        raise
      rescue SyntaxError => e
        raise ConfigError, syntax_error(e)
      rescue Exception => e # rubocop:disable Lint/RescueException -- nothing in the file may end the command silently
        raise ConfigError, "#{place(e.backtrace_locations.to_a)}: #{what(e)} (#{e.class})"
      end

      # Sets a directive.
      #
      # @param directive [Directive]
      # @param values [Array<Object>] one value, several for a list, or none, with a block
      # @param block [Proc, nil] for a hook
      # @param locations [Array<Thread::Backtrace::Location>] of the call
      # @return [void]
      # @raise [ConfigError]
      # @api private
      def set(directive, values, block, locations)
        source = place(locations)
        callable = directive.type.is_a?(Types::Callable)
        refuse_form(directive, values, block, source, callable)
        refuse_second(directive, source) if callable
        return add(directive, values, source) if directive.type.several?

        @given[directive.name] = Given.new(value: block || values.first, source:)
      end

      # @param name [Symbol] of a method that is not a directive
      # @param locations [Array<Thread::Backtrace::Location>] of the call
      # @raise [ConfigError]
      # @api private
      def refuse(name, locations)
        raise ConfigError, "#{place(locations)}: unknown directive: #{name}#{Nearest.hint(name, Directives::NAMES)}"
      end

      private

      def text
        raise ConfigError, "no such configuration file: #{@path}" unless ::File.exist?(@path)
        raise ConfigError, "not a file: #{@path}" if ::File.directory?(@path)

        ::File.read(@path, encoding: "BOM|UTF-8")
      rescue SystemCallError => e
        raise ConfigError, "cannot read #{@path}: #{e.class.new.message}"
      end

      # The error for a value names the first place.
      def add(directive, values, source)
        before = @given[directive.name]
        @given[directive.name] = Given.new(value: [*before&.value, *values.flatten], source: before&.source || source)
      end

      def refuse_form(directive, values, block, source, callable)
        return if fits?(directive, values, block, callable)

        wanted = callable ? "a block, or one value with a method call" : "one value"
        raise ConfigError, "#{source}: #{directive.name} takes #{wanted}, such as: #{example(directive, callable)}"
      end

      def fits?(directive, values, block, callable)
        return values.size + (block ? 1 : 0) == 1 if callable

        block.nil? && (values.size == 1 || (values.any? && directive.type.several?))
      end

      def example(directive, callable)
        "#{directive.name} #{callable ? "{ }" : directive.type.code(directive.default)}"
      end

      def refuse_second(directive, source)
        first = @given[directive.name] or return
        raise ConfigError, "#{source}: #{directive.name} is set a second time, and there is one of it only: call " \
                           "both things in one block (first: #{first.source})"
      end

      def place(locations)
        own = locations.find { |location| location.path == @full_path }
        own ? "#{@path}:#{own.lineno}" : @path
      end

      def what(error)
        error.is_a?(SystemExit) ? "a file of settings may not end the program: #{first_line(error)}" : first_line(error)
      end

      # Ruby's message names the place, and may go on for many lines.
      def syntax_error(error)
        message = error.message.scrub
        line = message[/#{Regexp.escape(@full_path)}:(\d+)/, 1]
        detail = message[/^\s*\|[\s~]*\^[\s~^]*(\S.*)$/, 1] || first_line(error)
        "#{[@path, line].compact.join(":")}: syntax error, #{detail}"
      end

      def first_line(error) = error.message.scrub.lines.map(&:strip).find { |line| !line.empty? } || error.class.name
    end
  end
end
