# frozen_string_literal: true

require "socket"
require "kino/config/address"
require "kino/config/mode"
require "kino/config/settings"
require "kino/error_log"
require "kino/hooks"
require "kino/hooks/threads"
require "kino/listeners"
require "kino/native_settings"
require "kino/no_app"
require "kino/pool"
require "kino/runner"
require "kino/signals"
require "kino/stats_line"
require "kino/yjit"

module Kino
  # A server for one Rack app: `new`, {#start}, and {#shutdown} or the end of the process.
  #
  #     server = Kino::Server.new(App, port: 0).start
  #     server.url # => "http://127.0.0.1:40123"
  #     server.shutdown
  class Server
    # Seconds that workers get to leave once the time for answering clients is over. A worker waits in {Native} then,
    # where it is woken, or it hangs.
    EXIT_GRACE = 1.0
    private_constant :EXIT_GRACE

    # Serves until INT, TERM or QUIT, or until {#shutdown} is called elsewhere. A second signal ends the process at
    # once, with status 1. doc/process.md describes the other signals, `pidfile`, and the sockets of systemd and hot
    # restarts.
    #
    # @param app [#call] a Rack 3 app
    # @param inherited [Inherited] what the process was started with; the command takes it before it loads the app
    # @param settings [Hash] see {#initialize}
    # @yieldparam server [Server] once it listens
    # @return [Server] stopped
    # @raise [ConfigError, UnshareableAppError, UnshareableHookError, BindError, PidfileError]
    # @raise [WorkerBootError] see {#wait}
    def self.run(app, inherited: Inherited.take, **settings, &)
      server = new(app, inherited:, **settings)
      Runner.new(server, inherited:).run(&)
      server
    end

    # @return [Config::Settings] the settings, validated, with defaults filled in
    attr_reader :settings

    # @param app [#call] a Rack 3 app. In ractor mode it must be shareable; the server does not freeze it
    # @param settings [Hash] directives by name; doc/configuration.md has their values, units and defaults
    # @param listener [IO, Integer, Array<IO, Integer>, nil] a listening TCP or Unix socket, its descriptor, or several,
    #   to use instead of `bind` and `port`. The caller still owns them, and may close them once the server has started
    # @param inherited [Inherited, nil] what the process was started with
    # @raise [ConfigError] for a setting that is unknown, of the wrong type or out of bounds
    # @raise [AppLoadError] if the object is not a Rack app
    # @raise [BindError] if `bind` and the sockets of a service manager do not go together
    # @raise [UnshareableAppError] for `mode: :ractor` and an app that cannot be shared
    # @raise [UnshareableHookError] for ractor mode and a hook that runs in workers and cannot be shared
    def initialize(app, listener: nil, inherited: nil, **settings)
      @app = NoApp.refuse(app)
      @settings = Config::Settings.resolve(**settings)
      @mode, reason = Config::Mode.resolve(@settings.mode, app, threads: @settings.threads)
      @settings, @threads = Config::Mode.grid(@settings, @mode)
      @listeners = Listeners.of(@settings, listener, inherited)
      # If the caller does not set the directive, YJIT is the caller's business.
      @yjit = @settings.yjit if settings.key?(:yjit)
      YJIT.apply(@yjit, @mode) unless @yjit.nil?
      Hooks.check(@settings) if @mode == :ractor
      warn_of(reason)
      @lock = Mutex.new
      @booted = Thread::Queue.new
      @stopped = Thread::Queue.new
      @hook_threads = Hooks::Threads.new
      @reload_hooks = []
    end

    # @return [Symbol] the current mode, :ractor or :threaded. If `auto` chose :ractor, the server may have switched to
    #   threads since, see doc/operations.md
    def mode = @pool&.demoted? ? :threaded : @mode

    # @return [Integer] threads per worker, in the current mode
    def threads = @pool&.threads || @threads

    # @return [Integer] how many workers there should be now: Ractors, or groups of plain threads
    def workers
      @pool ? @pool.workers : settings.workers
    end

    # For a readiness probe.
    # @return [Boolean] whether the server listens, all its workers have come up once, and it is not stopping
    def ready?
      return false if @is_stopping || @pool.nil?

      @ready ||= @pool.up?(counters.fetch(:per_worker, []))
    end

    # Starts one more worker, with its threads. A worker that keeps failing to boot is given up, see doc/operations.md.
    #
    # @return [Integer, nil] its index, the lowest that is free; nil if there are as many as the directive `workers`
    #   allows, or if the server is not running
    def add_worker
      @pool&.add.tap { |index| warn_of_cpus if index }
    end

    # Removes the worker with the highest index; it finishes its request first. The last worker always stays.
    #
    # @return [Integer, nil] its index; nil if it is the only one, or if the server is not running
    def remove_worker = @pool&.remove

    # Registers a block to run at each {#reload}, in the main Ractor. {Server.run} reloads on HUP.
    #
    # @yield to reopen files and the like; what it raises is logged, and the other blocks still run
    # @return [self]
    def on_reload(&block)
      @reload_hooks += [block]
      self
    end

    # Reads the certificates of TLS again, and runs the {#on_reload} blocks, in the order of their registration.
    # Connections that are open stay. If a certificate or a key cannot be used, the old ones stay, and the log says why.
    #
    # @return [self]
    def reload
      @listeners.reload_certificates(@id) if @id && !@stopped.closed?
      @reload_hooks.each { |hook| Hooks.call_safely(:on_reload, hook) }
      self
    end

    # Binds, starts the network threads and the workers, and calls the hook `after_boot`. Returns when the hook has
    # returned, or when the server has been stopped meanwhile.
    #
    # @yieldparam server [Server] once it serves, before the hook
    # @return [self]
    # @raise [BindError] if an address cannot be bound
    # @raise [ConfigError] if a certificate or a key of TLS cannot be used
    # @raise [Error] if it was started before
    def start
      @lock.synchronize do
        raise Error, "this server was started before; make a new one" if @id

        @id = Native.start(NativeSettings.of(settings, mode:, listeners: @listeners.native))
        begin_serving
      end
      yield self if block_given?
      call_after_boot if settings.after_boot && !@is_stopping
      self
    end

    # @return [Integer, nil] the first TCP port that it listens on; nil before {#start}, and if it listens on no port
    attr_reader :port

    # @return [String] the first of {#urls}
    def url = urls.first

    # @return [Array<String>] where it listens, such as "http://127.0.0.1:9292" or "unix:///run/kino.sock"; before
    #   {#start}, what `bind` says
    def urls = @urls || @listeners.urls

    # @return [Array<Socket>] duplicates of the listening sockets, which the caller closes; none if the server does not
    #   listen. From then on another process may have them, so they stay open at a shutdown, see {#claim_listeners}
    # @raise [Error] if there is no descriptor left
    def listeners
      return [] if @id.nil? || @stopped.closed?

      Native.listeners(@id).map { |descriptor| Socket.for_fd(descriptor) }
    end

    # @return [Array<PassedSocket>] {#listeners} for a process that takes over
    # @raise [Error] if there is no descriptor left
    # @api private
    def passed_sockets = listeners.then { |sockets| sockets.empty? ? [] : @listeners.passed(sockets) }

    # Says that no other process should listen on the sockets any more, after {#listeners} has given them out, or a
    # predecessor has passed them: they refuse connections when the server stops, even if a process that the app forked
    # still has copies, and files of Unix domain sockets are removed. Sockets of the server's own that were never given
    # out do so anyway; those that a caller or a service manager has passed never do.
    #
    # @return [void]
    def claim_listeners
      Native.claim_listeners(@id) if @id && !@stopped.closed?
    end

    # Waits until the server has stopped. Any number of threads may wait.
    # @return [self]
    # @raise [WorkerBootError] if it has stopped because a worker could not be started; the message says which, and why
    def wait
      @stopped.pop
      raise @failure.class, @failure.message if @failure

      self
    end

    # Stops gracefully: {#ready?} turns false, the hook `before_shutdown` runs, the server closes its listeners, answers
    # the requests in flight and in the queue, and ends the workers. A request that is not answered within `timeout`
    # gets a 500, or a broken connection if its head has been sent. Does nothing if the server is not running; a second
    # caller waits for the first.
    #
    # Returns at once, and stops the server from another thread, if called in a trap handler (which may take no lock),
    # in the hooks `after_boot`, `before_shutdown` and `on_worker_exit`, or in the app (whose request it would wait
    # for). {#wait} then says when the server has stopped. If a caller is killed or interrupted halfway, call it again
    # to go on.
    #
    # @param timeout [Numeric] seconds for the hook and the requests together, within the bounds of the directive
    #   `shutdown_timeout`. The hook gets at least a second
    # @return [self]
    # @raise [ConfigError] for any other timeout, even if the server is not running
    def shutdown(timeout: settings.shutdown_timeout)
      timeout = Config::Directives[:shutdown_timeout].coerce(timeout, source: "shutdown(timeout:)")
      if Signals.trapping? || @hook_threads.current? || @pool&.own_thread?
        Thread.new { shutdown(timeout:) }
      else
        @lock.synchronize { stop(timeout) if @pool && !@stopped.closed? }
      end
      self
    end

    # Statistics. After the server has stopped they stay as they were at the end. A server that was never started, or
    # failed to start, has only the first five. The counters are not an atomic snapshot: each is read while requests go
    # on.
    #
    # - `mode` (Symbol), `workers` and `threads` per worker (Integers), as they should be now; `lanes` (Boolean) and
    #   `batch` (Integer), as set
    # - `connections` (open now), `accepted` (since the start)
    # - `queued` (requests that wait for a worker), `in_flight` (requests in workers' hands), `served` (requests that
    #   workers have finished, whatever the answer)
    # - `rejected`: requests answered 503 because the queue stayed full
    # - `refused`: requests that the front-end answered with an error; `refusals`: the same by reason,
    #   Hash{Symbol=>Integer}, only reasons that have occurred
    # - `disconnects`: requests whose connection ended before the answer was complete
    # - `dropped`: requests answered 500 because a worker left them unanswered
    # - `timeouts`: requests answered 504, see the directive `request_timeout`
    # - `respawns`: workers, or threads of workers, that died and were replaced
    # - `quarantined`: worker threads in quarantine now, see the directive `quarantine_timeout`
    # - `per_worker`: one Hash for each worker thread: `index` of its worker, `served` (requests), `busy_ms` (Float,
    #   time spent on the current request; nil if there is none), `quarantined` (Boolean), and `relieved` (true) for a
    #   Ractor that threads have replaced but that has not left yet
    # - `queue_wait_ms`, `service_time_ms`: how long requests waited for a worker, and how long workers took for them,
    #   since the start, in milliseconds: `p50`, `p95`, `p99` and `max` (Floats); empty before the first request
    # - `lane_depths`, with `lanes` only: how many of the `queued` wait in the lane of each worker thread,
    #   Array<Integer>
    #
    # @return [Hash{Symbol=>Object}]
    def stats
      { mode:, workers:, threads:, lanes: settings.lanes, batch: settings.batch }.merge(counters)
    end

    # @return [String] {#stats} on one line, as `key=value` pairs separated by spaces. Nested names are joined with dots
    #   (`queue_wait_ms.p50=0.2`), times have three decimals, nil is `-`
    def stats_line = StatsLine.of(stats)

    private

    def begin_serving
      addresses = Native.addresses(@id)
      @port = addresses.find { |_host, port| port }&.last
      @urls = @listeners.urls(addresses)
      @listeners.close_inherited
      # Assigned before it starts, because its thread may call fail_with.
      @pool = Pool.of(self, app: @app, id: @id, hook_threads: @hook_threads, yjit: @yjit) { |error| fail_with(error) }
      is_up = @pool.start
    ensure # also after a Thread#kill: the port must not stay taken
      undo_start unless is_up
    end

    # Leaves a server that has stopped without having served.
    def undo_start
      @pool = nil
      @last_counters = {}
      Native.shutdown(@id)
      @stopped.close
    end

    def fail_with(error)
      return if @is_stopping

      @failure = error
      # Without workers there is nothing to wait for.
      shutdown(timeout: @pool.any? ? settings.shutdown_timeout : 0)
    end

    # Waits on a queue rather than for the hook: if the hook hangs, the server can still be stopped, and {#start}
    # returns then.
    def call_after_boot
      @hook_threads.call_async(:after_boot, settings.after_boot, done: @booted)
      @booted.pop
    end

    # Each step can be repeated, so that the next caller can go on after an interrupted one.
    def stop(timeout)
      deadline = now + timeout
      announce_stop([timeout, EXIT_GRACE].max)
      end_workers(deadline) unless @last_counters
      Native.shutdown(@id)
      ErrorLog.flush
      @booted.close
      @stopped.close
    end

    def announce_stop(seconds)
      return if @is_stopping

      @is_stopping = true
      @hook_threads.call(:before_shutdown, settings.before_shutdown, seconds)
    end

    def end_workers(deadline)
      drained = Native.drain(@id, [deadline - now, 0].max)
      Native.close(@id)
      Native.abort(@id) unless drained
      @pool.join([deadline + EXIT_GRACE - now, 0].max, grace: settings.shutdown_grace)
      @last_counters = Native.stats(@id)
    end

    def counters
      return @last_counters if @last_counters

      @id ? Native.stats(@id) : {}
    rescue Error
      @last_counters || raise # the server has stopped meanwhile
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def warn_of(reason)
      ErrorLog.line("warning: threaded mode, because #{reason}") if reason
      warn_of_cpus
    end

    # Warns once: the next worker makes it no truer.
    def warn_of_cpus
      return if @warned_of_cpus || mode != :ractor

      limit = Config::Mode.max_cpu_warning(Config::Mode.ractors(settings, workers:)) or return
      @warned_of_cpus = true
      ErrorLog.line("warning: #{limit}")
    end
  end
end
