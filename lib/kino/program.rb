# frozen_string_literal: true

require "rbconfig"

module Kino
  # How this program was started, noted when Kino is loaded: later an app may have changed the environment, the
  # directory or the title of the process.
  #
  # @api private
  module Program
    # The script as it was named, or "-e".
    NAME = $PROGRAM_NAME.dup.freeze
    # What the script was given.
    ARGUMENTS = ARGV.map { |word| word.dup.freeze }.freeze
    # What the process was given, and what was required before Kino has made of it.
    ENVIRONMENT = ENV.to_h.freeze

    # What the system keeps of the command line, or nil: the only place that has the options that Ruby was given.
    COMMAND_LINE = begin
      File.binread("/proc/self/cmdline").force_encoding(Encoding.find("locale")).scrub.split("\0").each(&:freeze)
    rescue SystemCallError
      nil
    end.freeze

    # The directory by the name that the shell or the service file gave it, if that is still its name. A `current`
    # that is a symlink to a release is another directory after the next deployment, and so it should be.
    DIRECTORY = begin
      given = ENV["PWD"].to_s
      (File.absolute_path?(given) && File.identical?(given, ".") ? given : Dir.pwd).dup.freeze
    rescue SystemCallError
      nil # it was deleted before we began
    end

    # Where the script is, or would be if the name were one: not relative to a directory that an app has changed to.
    SCRIPT = File.expand_path(NAME, DIRECTORY || "/").freeze

    # What another process must not take for its own: it is about this one.
    PROCESS_VARIABLES = %w[LISTEN_PID LISTEN_FDS LISTEN_FDNAMES LISTEN_PIDFDID KINO_REEXEC KINO_HANDOVER].freeze

    # What Bundler notes where a variable was not set before it set it.
    BUNDLER_UNSET = "BUNDLER_ENVIRONMENT_PRESERVER_INTENTIONALLY_NIL"
    private_constant :COMMAND_LINE, :SCRIPT, :PROCESS_VARIABLES, :BUNDLER_UNSET

    class << self
      # @return [String, nil] where to start it; nil if that was deleted before this one began
      def directory = DIRECTORY

      # @param arguments [Array<String>] for the script
      # @return [Array<String>, nil] the words that start this program anew, on the same Ruby with the same options;
      #   nil where they are not known, as for `ruby -e` on systems without /proc
      def command(arguments = ARGUMENTS)
        return inline if NAME == "-e"

        [RbConfig.ruby, *(options || load_path_flags), NAME, *arguments] if File.file?(SCRIPT)
      end

      # @return [Hash{String => String}] the environment to start it in: complete, nothing else belongs there
      def environment
        given = ENVIRONMENT.except(*PROCESS_VARIABLES)
        # The watchdog goes with the service. Where it is another process's it stays that.
        given.delete("WATCHDOG_PID") if given["WATCHDOG_PID"] == Process.pid.to_s
        given["PWD"] = DIRECTORY if DIRECTORY
        # Bundler has looked for it in the directory, and shall do so again: another release has its own.
        given.delete("BUNDLE_GEMFILE") if given["BUNDLER_ORIG_BUNDLE_GEMFILE"] == BUNDLER_UNSET
        given
      end

      private

      # A process that has given itself a title (`bundle exec` does) has lost its words.
      def options
        place = COMMAND_LINE&.index(NAME)
        COMMAND_LINE[1...place] if place&.positive?
      end

      def inline
        [RbConfig.ruby, *COMMAND_LINE.drop(1)] if COMMAND_LINE&.include?("-e")
      end

      # The VM does not tell which -I it was given, so each directory that is neither its own nor a gem's is handed
      # on. (RubyGems or Bundler find the gems again, maybe in other versions.) What comes by RUBYOPT or RUBYLIB, such
      # as Bundler's set-up, is in the environment and stays there.
      def load_path_flags
        own = RbConfig::CONFIG.values_at("rubylibdir", "rubyarchdir", "sitedir", "vendordir").compact
        gems = Gem.loaded_specs.each_value.flat_map(&:full_require_paths)
        given = $LOAD_PATH.map(&:to_s).uniq - gems
        given.reject { |path| own.any? { |prefix| path.start_with?(prefix) } }.map { |path| "-I#{path}" }
      end
    end
  end
end
