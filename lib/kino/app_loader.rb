# frozen_string_literal: true

require "kino/errors"
require "kino/no_app"

module Kino
  # Reads a rackup file, and reports whatever goes wrong in it on one line, with the place.
  class AppLoader
    # @param path [String] a rackup file; or, as with rackup, a .rb file that defines the constant of its name
    # @return [#call] the app
    # @raise [AppLoadError] if the file is missing or unreadable, raises, or gives no Rack app
    def self.load(path) = new(path).load

    # @param path [String] see {.load}
    def initialize(path)
      @path = path
      @full_path = File.expand_path(path)
    end

    # @return [#call] the app
    # @raise [AppLoadError] see {.load}
    def load
      # Outside the rescue: if Rack is missing, that is not the app's fault. All of Rack, as a rackup file expects; its
      # middleware is autoloaded.
      require "rack"
      refuse_missing
      checked(evaluate)
    end

    private

    def refuse_missing
      raise AppLoadError, "no such rackup file: #{@path}" unless File.exist?(@full_path)
      raise AppLoadError, "not a file: #{@path}" if File.directory?(@full_path)
      raise AppLoadError, "cannot read #{@path}: permission denied" unless File.readable?(@full_path)
    end

    # Rescues whatever the file raises: a failed require, an endless recursion, the app's own exceptions. But not
    # signals.
    def evaluate
      ::Rack::Builder.parse_file(@full_path)
    rescue SignalException
      raise
    rescue SyntaxError => e
      raise AppLoadError, syntax_error(e)
    rescue SystemExit => e
      # Otherwise the command would end silently, and a check would pass with status 0.
      raise AppLoadError, "#{place(e)}: it ends the process (exit #{e.status}) before it gives an app"
    rescue Exception => e # rubocop:disable Lint/RescueException -- see above
      raise AppLoadError, "#{place(e)}: #{first_line(e)} (#{e.class})"
    end

    def checked(app)
      reason = NoApp.reason(app) or return app

      raise AppLoadError, "#{@path}: #{reason}"
    end

    # The line in the app's own code, rather than where Ruby or a gem noticed the error.
    def place(error)
      # Our callers are not the app, even if they are in the same directory.
      within = error.backtrace_locations.to_a.take_while { |location| location.absolute_path != __FILE__ }
      own = within.find { |location| location.absolute_path.to_s.start_with?(root) || evaluated?(location) }
      own ? "#{shorten(own.path)}:#{own.lineno}" : @path
    end

    # Rack evaluates the file as a String, so its lines have no absolute path.
    def evaluated?(location) = location.path == @full_path

    def root = "#{File.dirname(@full_path)}/"

    # Ruby's message begins with the place and may go on for many lines, with the source and an arrow:
    #
    #     config.ru:2: syntax errors found (SyntaxError)
    #     > 2 | run ->(env) {
    #         |              ^ unexpected end-of-input; expected a `}` to close the block
    def syntax_error(error)
      first = first_line(error)
      detail = error.message.scrub[/^\s*\|[\s~]*\^[\s~^]*(\S.*)$/, 1]
      first = first.sub(/(:\d+): .*/, "\\1: syntax error, #{detail}") if detail
      shorten(first)
    end

    def first_line(error) = error.message.scrub.lines.map(&:strip).find { |line| !line.empty? } || error.class.name

    def shorten(text)
      text.sub(@full_path, @path).delete_prefix("#{Dir.pwd}/")
    end
  end
end
