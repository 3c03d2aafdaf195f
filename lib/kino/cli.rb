# frozen_string_literal: true

require "kino/program" # first: it records the state of the process before other code changes it
require "kino/errors"
require "kino/version"
require "kino/app_loader"
require "kino/cli/arguments"
require "kino/cli/banner"
require "kino/cli/reexec"
require "kino/config/summary"
require "kino/inherited"
require "kino/listeners"

module Kino
  # The `kino` command: turns a command line into a running server, and any error into one line on stderr and an exit
  # status.
  class CLI
    # The server was told to stop, and did.
    OK = 0
    # The server could not start, or it failed.
    FAILURE = 1
    # The command line or a setting is wrong.
    USAGE = 2
    # Ctrl-C before the server ran: 128 plus the number of the signal, as in shells.
    INTERRUPTED = 130

    # @param argv [Array<String>]
    # @param collaborators [Hash{Symbol => Object}] see {#initialize}
    # @return [Integer] exit status
    def self.start(argv, **collaborators) = new(**collaborators).start(argv)

    # @param out [IO] for the banner, the help and the version
    # @param err [IO] for errors
    # @param env [Hash{String => String}, ENV] the environment; RACK_ENV is set in it, and RAILS_ENV if it was set
    #   before
    # @param server [#run, nil] nil means Kino::Server, which is loaded only when needed, so that `--help` works without
    #   the native extension
    # @param reexec [#call] see {Reexec}
    def initialize(out: $stdout, err: $stderr, env: ENV, server: nil, reexec: Reexec.new(env:))
      @out = out
      @err = err
      @env = env
      @server = server
      @reexec = reexec
    end

    # @param argv [Array<String>] not changed
    # @return [Integer] exit status
    def start(argv)
      perform(Arguments.parse(argv), argv)
    rescue UsageError, ConfigError => e
      report(e, argv, status: USAGE)
    rescue ScriptError, StandardError => e
      report(e, argv, status: FAILURE)
    rescue Interrupt
      INTERRUPTED
    end

    private

    def perform(arguments, argv)
      case arguments.action
      when :help then @out.puts Arguments.help
      when :version then @out.puts "kino #{VERSION}"
      when :init then init(arguments)
      when :dev_cert then dev_cert
      else return with_layers(arguments, argv)
      end
      OK
    end

    def init(arguments)
      require "kino/cli/init"
      Init.new(out: @out).call(**arguments.options)
    end

    def dev_cert
      require "kino/cli/dev_cert"
      DevCert.new(out: @out, env: @env).call
    end

    def with_layers(arguments, argv)
      layers = load_layers(arguments)
      case arguments.action
      when :print_config then print_config(layers)
      when :check then return check(layers.settings, **arguments.options.slice(:json, :request))
      else serve(layers.settings, argv)
      end
      OK
    end

    def print_config(layers)
      warn_of_slips
      @out.puts Config::Summary.lines(layers)
    end

    # Loads the app as for serving it.
    def check(settings, json: false, request: [])
      warn_of_slips
      require "kino/cli/check"
      @env["RACK_ENV"] = settings.environment
      Check.new(out: @out, err: @err).call(rackup: settings.rackup, json:, requests: request)
    end

    # In the settings file, RACK_ENV has the value from the command line or the environment.
    def load_layers(arguments)
      given = arguments.flags[:environment] || Config::Environment.read(@env)[:environment]
      return layers(arguments, arguments.flags) unless given

      put_environment(given)
      # With its original source, because RACK_ENV now says it, too.
      layers(arguments, arguments.flags.merge(environment: given))
    end

    def layers(arguments, flags)
      Config::Layers.load(flags:, env: @env, file: arguments.options[:config])
    end

    # Rails prefers RAILS_ENV, so if it is set, it gets the environment that Kino was explicitly given. RACK_ENV does
    # not override it: RACK_ENV=production beside RAILS_ENV=staging must not lead an app to the wrong database.
    def put_environment(given)
      directive = Config::Directives[:environment]
      name = directive.coerce(given.value, source: given.source)
      @env["RACK_ENV"] = name
      @env["RAILS_ENV"] = name unless @env["RAILS_ENV"].to_s.empty? || directive.variable.key?(given.source)
    end

    def serve(settings, argv)
      @reexec.call(settings, argv)
      warn_of_slips
      inherited = Inherited.take(@env)
      Listeners.hide(settings)
      @env["RACK_ENV"] = settings.environment
      run(AppLoader.load(settings.rackup), settings, inherited)
    end

    def warn_of_slips
      Config::Environment.slips(@env).each { |slip| @err.puts "kino: warning: #{slip}" }
    end

    def run(app, settings, inherited)
      server_class.run(app, inherited:, **settings.to_h) do |server|
        @out.puts Banner.lines(mode: server.mode, workers: server.workers, threads: server.threads,
                               environment: settings.environment, urls: server.urls)
        @out.flush # so that a pipe or a file gets it at once, too
      rescue SystemCallError, IOError
        nil # the terminal of a former hot restart is gone
      end
    end

    def server_class
      return @server if @server

      require "kino"
      Server
    end

    def report(error, argv, status:)
      @err.puts argv.include?("--debug") ? error.full_message(highlight: false) : "kino: #{line(error)}"
      status
    end

    # Kino's own errors have readable messages. Others need their class to be understood.
    def line(error)
      message = error.message.scrub.split("\n").map(&:strip).reject(&:empty?).join(" ")
      error.is_a?(Error) ? message : "#{error.class}: #{message} (--debug shows where)"
    end
  end
end
