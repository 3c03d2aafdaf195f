# frozen_string_literal: true

require "kino"
require "kino/cli/banner"
require "kino/rack_options"

module Kino
  # How programs that start a server by its name run Kino: what Rackup::Handler.get("kino") answers to.
  #
  # It has no method `shutdown`, on purpose: rackup would call that for a Ctrl-C that comes before the server runs, when
  # there is nothing to shut down, instead of ending. While the server runs the signals are its own.
  module RackHandler
    # Stands for the program in a hot restart, which a handler has none of: rackup and Rails have taken the arguments
    # out of ARGV by the time they ask for a server, and each keeps a pidfile that lets no second process start.
    #
    # @api private
    module Unrepeatable
      # @return [nil] it is not known
      def self.command = nil
    end

    # Serves until INT, TERM or QUIT, or until the server that is yielded is shut down; see doc/process.md.
    #
    # `kino.rb` and the environment are read as by the command. The options go before both, except for a Host and a Port
    # that Rails has made up itself.
    #
    # @param app [#call] a Rack 3 app
    # @param options [Hash{Symbol => Object}] directives by name, as Strings or as Ruby has them; `Host` and `Port`;
    #   and what rackup and Rails pass for themselves
    # @yieldparam server [Server] once it listens
    # @return [Server] stopped
    # @raise [ConfigError] for an option that is unknown or has a value that does not fit
    # @raise [UnshareableAppError, UnshareableHookError, BindError, PidfileError, WorkerBootError] see {Server.run}
    # @raise [SystemExit] in place of all these where the command rackup called: it would show a backtrace, in which
    #   the words are lost
    def run(app, **options, &)
      serve(app, options, &)
    rescue Error => e
      raise if $DEBUG || !command?(caller_locations(1))

      abort "kino: #{e.message.scrub.split(/\s*\n\s*/).join(" ")}"
    end

    # @return [Hash{String => String}] the options of {#run} that a command line can give, and what they mean
    def valid_options = RackOptions.help

    private

    def serve(app, options)
      given = RackOptions.new(options, layers: Config::Layers.load)
      inherited = Inherited.take
      server = Server.new(app, inherited:, **given.keywords)
      Runner.new(server, inherited:, program: Unrepeatable).run do
        announce(server) unless given.quiet?
        yield server if block_given?
      end
      server
    end

    # rackup itself, and no program that uses its classes, or Rails, whose server is made of them.
    def command?(callers)
      File.basename($PROGRAM_NAME) == "rackup" && callers.any? { |place| place.path.end_with?("/rackup/server.rb") }
    end

    def announce(server)
      $stdout.puts CLI::Banner.lines(mode: server.mode, workers: server.workers, threads: server.threads,
                                     environment: server.settings.environment, urls: server.urls)
      $stdout.flush
    end
  end
end
