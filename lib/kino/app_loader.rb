# frozen_string_literal: true

require "kino/errors"
require "kino/no_app"

module Kino
  # Reads a rackup file, and turns whatever goes wrong in it into one line that says where.
  class AppLoader
    # @param path [String] a rackup file; or, as Rack has it, a .rb file that defines the constant of its name
    # @return [#call] the app
    # @raise [AppLoadError] when the file is missing or unreadable, raises, or gives no app
    def self.load(path) = new(path).load

    # @param path [String] see {.load}
    def initialize(path)
      @path = path
      @full_path = File.expand_path(path)
    end

    # @return [#call] the app
    # @raise [AppLoadError] see {.load}
    def load
      # Before the rescue: that Rack is missing is not the app's fault. All of it, as a rackup file expects; its
      # middleware is loaded when it is named.
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

    # Whatever it raises: a file that is not there, a recursion without an end, an exception of the app's own. Not what
    # asks the process to end from outside.
    def evaluate
      ::Rack::Builder.parse_file(@full_path)
    rescue SignalException
      raise
    rescue SyntaxError => e
      raise AppLoadError, syntax_error(e)
    rescue SystemExit => e
      # Else the command would be over without a word, and with 0 a check would pass.
      raise AppLoadError, "#{place(e)}: it ends the process (exit #{e.status}) before it gives an app"
    rescue Exception => e # rubocop:disable Lint/RescueException -- see above
      raise AppLoadError, "#{place(e)}: #{first_line(e)} (#{e.class})"
    end

    def checked(app)
      reason = NoApp.reason(app) or return app

      raise AppLoadError, "#{@path}: #{reason}"
    end

    # Where the app's own code stands, rather than where Ruby or a gem noticed the trouble.
    def place(error)
      # What has called us is not the app's, be it that it stands below the same directory.
      within = error.backtrace_locations.to_a.take_while { |location| location.absolute_path != __FILE__ }
      own = within.find { |location| location.absolute_path.to_s.start_with?(root) || evaluated?(location) }
      own ? "#{shorten(own.path)}:#{own.lineno}" : @path
    end

    # Rack evaluates the file from a String, so that its lines have no absolute path.
    def evaluated?(location) = location.path == @full_path

    def root = "#{File.dirname(@full_path)}/"

    # Ruby's message begins with the place and may go on for many lines, with the source and an arrow below it:
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
