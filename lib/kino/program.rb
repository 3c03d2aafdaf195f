# frozen_string_literal: true

require "rbconfig"

module Kino
  # How this program was started, recorded when Kino is loaded: later the app may change the environment, the directory
  # or the title of the process.
  #
  # @api private
  module Program
    # The script as it was named, or "-e".
    NAME = $PROGRAM_NAME.dup.freeze
    # The arguments of the script.
    ARGUMENTS = ARGV.map { |word| word.dup.freeze }.freeze
    # The environment, as changed by libraries that were required before Kino.
    ENVIRONMENT = ENV.to_h.freeze

    # The system's copy of the command line, or nil: the only place with Ruby's own options.
    COMMAND_LINE = begin
      File.binread("/proc/self/cmdline").force_encoding(Encoding.find("locale")).scrub.split("\0").each(&:freeze)
    rescue SystemCallError
      nil
    end.freeze

    # The directory by the name from the shell or the service file, if that still names it. If it is a symlink such as
    # `current`, it names another directory after the next deployment, as it should.
    DIRECTORY = begin
      given = ENV["PWD"].to_s
      (File.absolute_path?(given) && File.identical?(given, ".") ? given : Dir.pwd).dup.freeze
    rescue SystemCallError
      nil # it was deleted before we started
    end

    # The path of the script, or what it would be: not relative to a directory that the app has changed to.
    SCRIPT = File.expand_path(NAME, DIRECTORY || "/").freeze

    # Variables about this process, which another one must not inherit.
    PROCESS_VARIABLES = %w[LISTEN_PID LISTEN_FDS LISTEN_FDNAMES LISTEN_PIDFDID KINO_REEXEC KINO_HANDOVER].freeze

    # Bundler's mark for a variable that was not set before.
    BUNDLER_UNSET = "BUNDLER_ENVIRONMENT_PRESERVER_INTENTIONALLY_NIL"
    private_constant :COMMAND_LINE, :SCRIPT, :PROCESS_VARIABLES, :BUNDLER_UNSET

    class << self
      # @return [String, nil] the directory to start it in; nil if that was deleted before this process started
      def directory = DIRECTORY

      # @param arguments [Array<String>] for the script
      # @return [Array<String>, nil] the command that starts this program again, on the same Ruby with the same options;
      #   nil if it is unknown, as for `ruby -e` on systems without /proc
      def command(arguments = ARGUMENTS)
        return inline if NAME == "-e"

        [RbConfig.ruby, *(options || load_path_flags), NAME, *arguments] if File.file?(SCRIPT)
      end

      # @return [Hash{String => String}] the complete environment to start it in
      def environment
        given = ENVIRONMENT.except(*PROCESS_VARIABLES)
        # The watchdog belongs to the service, unless it is another process's.
        given.delete("WATCHDOG_PID") if given["WATCHDOG_PID"] == Process.pid.to_s
        given["PWD"] = DIRECTORY if DIRECTORY
        # Bundler found it by the directory, and should look again: another release has its own.
        given.delete("BUNDLE_GEMFILE") if given["BUNDLER_ORIG_BUNDLE_GEMFILE"] == BUNDLER_UNSET
        given
      end

      private

      # A process that has set its title (as `bundle exec` does) has lost its command line.
      def options
        place = COMMAND_LINE&.index(NAME)
        COMMAND_LINE[1...place] if place&.positive?
      end

      def inline
        [RbConfig.ruby, *COMMAND_LINE.drop(1)] if COMMAND_LINE&.include?("-e")
      end

      # The VM does not tell its -I options, so each directory that is neither Ruby's own nor a gem's is passed on.
      # (RubyGems or Bundler find the gems again, perhaps in other versions.) RUBYOPT and RUBYLIB, with Bundler's set-up
      # for example, stay in the environment.
      def load_path_flags
        own = RbConfig::CONFIG.values_at("rubylibdir", "rubyarchdir", "sitedir", "vendordir").compact
        gems = Gem.loaded_specs.each_value.flat_map(&:full_require_paths)
        given = $LOAD_PATH.map(&:to_s).uniq - gems
        given.reject { |path| own.any? { |prefix| path.start_with?(prefix) } }.map { |path| "-I#{path}" }
      end
    end
  end
end
