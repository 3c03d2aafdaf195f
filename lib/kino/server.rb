# frozen_string_literal: true

require "socket"
require "kino/config/address"
require "kino/config/mode"
require "kino/config/settings"
require "kino/error_log"
require "kino/pool/ractors"
require "kino/pool/threads"
require "kino/runner"

module Kino
  # A server for one Rack app: `new`, {#start}, and {#shutdown} or the end of the process.
  #
  #     server = Kino::Server.new(App, port: 0).start
  #     server.url # => "http://127.0.0.1:40123"
  #     server.shutdown
  class Server
    # @!visibility private
    POOLS = { ractor: Pool::Ractors, threaded: Pool::Threads }.freeze
    private_constant :POOLS

    # How long workers get to leave once every client is answered and the time for that is over, in
    # seconds. They wait in {Native} then, where they are woken, or they hang.
    LAST_CALL = 1.0
    private_constant :LAST_CALL

    # Serves until INT, TERM or QUIT, or until {#shutdown} is called elsewhere. A second signal ends the
    # process at once, with status 1. The other signals, `pidfile`, and sockets of systemd and of a hot
    # restart: see doc/process.md.
    #
    # @param app [#call] a Rack 3 app
    # @param inherited [Inherited] what the process was started with; for the command, which takes it
    #   before it loads the app
    # @param settings [Hash] see {#initialize}
    # @yieldparam server [Server] once it listens
    # @return [Server] stopped
    # @raise [ConfigError, UnshareableAppError, BindError, PidfileError]
    def self.run(app, inherited: Inherited.take, **settings, &)
      server = new(app, listener: inherited.listener, **settings)
      Runner.new(server, inherited:).run(&)
      server
    end

    # @return [Config::Settings] what it was told, checked and complete
    attr_reader :settings
    # @return [Symbol] :ractor or :threaded
    attr_reader :mode
    # @return [Integer] threads a worker
    attr_reader :threads

    # @param app [#call] a Rack 3 app. In ractor mode it must be shareable: nothing is frozen here
    # @param settings [Hash] the directives of {Config::Directives} by name: `bind:` (String), `port:`
    #   (Integer, 0 picks one), `workers:` (Integer or :auto), `threads:` (Integer or :auto), `mode:`
    #   (:auto, :ractor, :threaded), `queue_depth:` (requests), `queue_timeout:` and
    #   `shutdown_timeout:` (seconds), `max_body_size:` (bytes or nil), ...
    # @param listener [IO, Integer, nil] a TCP socket that listens already, or its descriptor, in place of
    #   `bind` and `port`. It stays the caller's, who may close it once the server has started
    # @raise [ConfigError] for a setting that is unknown, of the wrong type or out of bounds
    # @raise [UnshareableAppError] for `mode: :ractor` and an app that cannot be shared
    def initialize(app, listener: nil, **settings)
      @app = app
      @given = listener
      @settings = Config::Settings.resolve(**settings)
      @mode, reason = Config::Mode.resolve(@settings.mode, app, threads: @settings.threads)
      @threads = Config::Mode.threads(@settings.threads, @mode)
      warn_of(reason)
      @lock = Mutex.new
      @stopped = Thread::Queue.new
    end

    # Binds, starts the network threads and the workers.
    #
    # @return [self]
    # @raise [BindError] where the address cannot be listened on
    # @raise [Error] if it was started before
    def start
      @lock.synchronize do
        raise Error, "this server was started before; make a new one" if @id

        @id = Native.start(native_settings)
        @port = Native.port(@id)
        @host = address if @given
        start_pool
      end
      self
    end

    # @return [Integer, nil] the port that is listened on; nil before {#start}
    attr_reader :port

    # @return [String] where it listens, such as "http://127.0.0.1:9292"
    def url
      Config::Address.url(host: @host || settings.host, port: port || settings.port)
    end

    # @return [Socket, nil] another descriptor of the socket that is listened on, for the caller to close; nil
    #   while nothing is listened on
    # @raise [Error] where there is no descriptor left
    def listener
      return if @id.nil? || @stopped.closed?

      Native.listener(@id)&.then { |descriptor| Socket.for_fd(descriptor) }
    end

    # Waits until the server has stopped.
    # @return [self]
    def wait
      @stopped.pop
      self
    end

    # Stops: accepts no more, answers what has been begun or queued, and ends the workers. What is
    # not answered after `timeout` gets a 500, or a broken connection if its head has gone out. Does
    # nothing on a server that does not run; a second caller waits for the first.
    #
    # @param timeout [Numeric] seconds
    # @return [self]
    def shutdown(timeout: settings.shutdown_timeout)
      timeout = Float(timeout)
      @lock.synchronize { stop(timeout) if @id && !@stopped.closed? }
      self
    end

    # == Stand-ins

    # @return [Integer] worker Ractors, or their number's worth of plain threads
    def workers = settings.workers + @more.to_i

    # Adds a worker.
    # @return [Integer]
    def add_worker = @more = @more.to_i + 1

    # Removes a worker.
    # @return [Integer]
    def remove_worker = @more = @more.to_i - 1

    # @return [Boolean] whether it serves
    def ready? = !@pool.nil? && !@stopped.closed?

    # @return [String] {#stats} in one line
    def stats_line = stats.map { |name, value| "#{name}=#{value}" }.join(" ")

    # @yield
    # @return [void]
    def on_reload(&hook) = (@hooks ||= []) << hook

    # Runs the hooks of {#on_reload}.
    # @return [void]
    def reload = @hooks&.each(&:call)

    # @return [Hash{Symbol=>Object}] `mode`, `workers`, `threads`, and the engine's counters:
    #   `connections` and `accepted`, `queued`, `in_flight`, `served`, `rejected` (503, the queue stayed
    #   full), `refused` (answered by the engine because of what they said) and `refusals` (the same by
    #   reason, a Hash), `disconnects`, `dropped` (a worker left them unanswered: 500), `respawns`
    #   (workers that died and were replaced). With `lanes`, `lane_depths` says how many of the `queued`
    #   wait for each thread of the workers alone, an Array of Integers. Those of a server that has
    #   stopped stay as they were at its end; one that was never started has none.
    def stats
      { mode:, workers:, threads: }.merge(counters)
    end

    private

    # Everything that the front-end is told, by the names of the directives.
    NATIVE = %i[host port tokio_threads queue_depth queue_timeout max_body_size max_head_size max_target_size
                max_headers head_timeout keep_alive_timeout body_timeout max_connections
                max_keep_alive_requests lanes batch request_timeout queue_ms].freeze
    private_constant :NATIVE

    # The address of a socket that was given.
    def address
      socket = listener
      socket.local_address.ip_address
    ensure
      socket&.close
    end

    # A descriptor, or what IO has one for.
    def descriptor
      @given.is_a?(Integer) ? @given : @given&.fileno
    end

    def native_settings
      own = { shards: dispatch == :driven ? workers : 0, arenas: mode == :ractor ? workers + 1 : 2,
              inherited: descriptor }
      NATIVE.to_h { |name| [name, settings.public_send(name)] }.merge(own)
    end

    # Plain threads share one lock: who holds it should run Ruby and leave the network to others.
    def dispatch
      return settings.dispatch unless settings.dispatch == :auto
      return :queue if settings.lanes

      mode == :ractor ? :driven : :queue
    end

    def start_pool
      @pool = POOLS.fetch(mode).new(server_id: @id, app: @app, workers:, threads:).start
    rescue Exception # rubocop:disable Lint/RescueException -- whatever it is, the port must not stay taken
      Native.shutdown(@id)
      @stopped.close
      raise
    end

    def stop(timeout)
      deadline = now + timeout
      drained = Native.drain(@id, timeout)
      Native.close(@id)
      Native.abort(@id) unless drained
      @pool.join([deadline - now, LAST_CALL].max)
    ensure
      @last_counters = Native.stats(@id)
      Native.shutdown(@id)
      @stopped.close
    end

    def counters
      return @last_counters if @last_counters

      @id ? Native.stats(@id) : {}
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def warn_of(reason)
      ErrorLog.line("warning: threaded mode, because #{reason}") if reason
      return unless mode == :ractor

      limit = Config::Mode.max_cpu_warning(workers)
      ErrorLog.line("warning: #{limit}") if limit
    end
  end
end
