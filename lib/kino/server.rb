# frozen_string_literal: true

require "kino/config/address"
require "kino/config/mode"
require "kino/config/settings"
require "kino/error_log"
require "kino/pool/ractors"
require "kino/pool/threads"
require "kino/signals"

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

    # Serves until INT or TERM, or until {#shutdown} is called elsewhere. A second signal ends the
    # process at once, with status 1.
    #
    # @param app [#call] a Rack 3 app
    # @param settings [Hash] see {#initialize}
    # @yieldparam server [Server] once it listens
    # @return [Server] stopped
    # @raise [ConfigError, UnshareableAppError, BindError]
    def self.run(app, **settings)
      server = new(app, **settings)
      # The app is loaded and stays: the collector need not look at it again each time.
      Process.warmup
      server.start
      Signals.stopping(server) do
        yield server if block_given?
        server.wait
      end
      server
    ensure
      # Where the block raised; nobody else could stop it any more.
      server&.shutdown(timeout: 0)
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
    # @raise [ConfigError] for a setting that is unknown, of the wrong type or out of bounds
    # @raise [UnshareableAppError] for `mode: :ractor` and an app that cannot be shared
    def initialize(app, **settings)
      @app = app
      @settings = Config::Settings.resolve(**settings)
      @mode, reason = Config::Mode.resolve(@settings.mode, app, threads: @settings.threads)
      @threads = Config::Mode.threads(@settings.threads, @mode)
      warn_of(reason)
      @lock = Mutex.new
      @stopped = Thread::Queue.new
    end

    # @return [Integer] worker Ractors, or their number's worth of plain threads
    def workers
      settings.workers
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
        start_pool
      end
      self
    end

    # @return [Integer, nil] the port that is listened on; nil before {#start}
    attr_reader :port

    # @return [String] where it listens, such as "http://127.0.0.1:9292"
    def url
      Config::Address.url(host: settings.host, port: port || settings.port)
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

    def native_settings
      own = { shards: dispatch == :driven ? workers : 0, arenas: mode == :ractor ? workers + 1 : 2, inherited: nil }
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
