# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/given"
require "kino/config/nearest"
require "kino/config/sheet"

module Kino
  module Config
    # A file of settings in Ruby, `kino.rb`: each directive is a method of {Sheet} there.
    #
    #     workers 4
    #     bind "0.0.0.0"
    #     after_boot { puts "up" }
    #
    # What is set twice has the second value, so that a condition may change what a line above says. A hook is not: that
    # the first of two would never be called is an error.
    class File
      # @param path [String]
      # @return [Hash{Symbol => Given}] what it sets, by directive; not yet checked
      # @raise [ConfigError] when it is missing or unreadable, raises, or names no directive; says in which line
      def self.read(path) = new(path).read

      # @param path [String]
      def initialize(path)
        @path = path
        # For the code, whose __dir__ and backtraces are to be as in any other file.
        @full_path = ::File.expand_path(path)
        @given = {}
      end

      # @return [Hash{Symbol => Given}] see {.read}
      # @raise [ConfigError]
      def read
        Sheet.read(self, text, @full_path)
        @given
      rescue ConfigError, SignalException, NoMemoryError # signals are for others
        raise
      rescue SyntaxError => e
        raise ConfigError, syntax_error(e)
      rescue Exception => e # rubocop:disable Lint/RescueException -- nothing here may end the command, silently at that
        raise ConfigError, "#{place(e.backtrace_locations.to_a)}: #{what(e)} (#{e.class})"
      end

      # What a line of the file says.
      #
      # @param directive [Directive]
      # @param values [Array<Object>] one; or none, and a block
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
        @given[directive.name] = Given.new(value: block || values.first, source:)
      end

      # @param name [Symbol] what was called, and is no directive
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

      def refuse_form(directive, values, block, source, callable)
        return if values.size + (block && callable ? 1 : 0) == 1 && (block.nil? || callable)

        wanted = callable ? "a block, or one value with a method call" : "one value"
        raise ConfigError, "#{source}: #{directive.name} takes #{wanted}, such as: #{example(directive, callable)}"
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
