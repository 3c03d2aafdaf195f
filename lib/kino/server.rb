# frozen_string_literal: true

require "socket"
require "kino/config/address"
require "kino/config/mode"
require "kino/config/settings"
require "kino/error_log"
require "kino/hooks"
require "kino/hooks/threads"
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
    # How long workers get to leave once every client is answered and the time for that is over, in
    # seconds. They wait in {Native} then, where they are woken, or they hang.
    EXIT_GRACE = 1.0
    private_constant :EXIT_GRACE

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
    # @raise [ConfigError, UnshareableAppError, UnshareableHookError, BindError, PidfileError]
    # @raise [WorkerBootError] see {#wait}
    def self.run(app, inherited: Inherited.take, **settings, &)
      server = new(app, listener: inherited.listener, **settings)
      Runner.new(server, inherited:, kept: inherited.kept? || !settings[:listener].nil?).run(&)
      server
    end

    # @return [Config::Settings] what it was told, checked and complete
    attr_reader :settings

    # @param app [#call] a Rack 3 app. In ractor mode it must be shareable: nothing is frozen here
    # @param settings [Hash] directives by name, as doc/configuration.md has them: what each may be, its unit and its
    #   default
    # @param listener [IO, Integer, nil] a TCP socket that listens already, or its descriptor, in place of
    #   `bind` and `port`. It stays the caller's, who may close it once the server has started
    # @raise [ConfigError] for a setting that is unknown, of the wrong type or out of bounds
    # @raise [AppLoadError] for what is no Rack app
    # @raise [UnshareableAppError] for `mode: :ractor` and an app that cannot be shared
    # @raise [UnshareableHookError] for ractor mode and a hook that runs in a worker and cannot be shared
    def initialize(app, listener: nil, **settings)
      @app = NoApp.refuse(app)
      @given = listener
      @settings = Config::Settings.resolve(**settings)
      @mode, reason = Config::Mode.resolve(@settings.mode, app, threads: @settings.threads)
      @settings, @threads = Config::Mode.grid(@settings, @mode)
      # Left to a program that does not name it.
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

    # @return [Symbol] :ractor or :threaded, as it is now: where `auto` took :ractor, the server may have gone over to
    #   threads, see doc/operations.md
    def mode = @pool&.demoted? ? :threaded : @mode

    # @return [Integer] threads a worker, in the mode that it is in now
    def threads = @pool&.threads || @threads

    # @return [Integer] worker Ractors, or their number's worth of plain threads, as many as there should be now
    def workers
      @pool ? @pool.workers : settings.workers
    end

    # @return [Boolean] whether it listens, all its workers have come up, and it is not about to stop: what a
    #   readiness probe should say. A worker that dies later does not change it
    def ready?
      return false if @is_stopping || @pool.nil?

      @ready ||= @pool.up?(counters.fetch(:per_worker, []))
    end

    # Starts one more worker, with its threads. One that cannot begin is given up after a while, see
    # doc/operations.md.
    #
    # @return [Integer, nil] its index, the lowest that is free; nil where there are as many as the directive `workers`
    #   takes, and on a server that does not run
    def add_worker
      @pool&.add.tap { |index| warn_of_cpus if index }
    end

    # Sends one worker away, the one with the highest index; what it is at it finishes. One stays in any case.
    #
    # @return [Integer, nil] its index; nil if it is the only one, and on a server that does not run
    def remove_worker = @pool&.remove

    # Has the block run at each {#reload}, which is what HUP asks for where {Server.run} serves. It runs in the main
    # Ractor.
    #
    # @yield whatever it opens anew; what it raises is logged and keeps no other from running
    # @return [self]
    def on_reload(&block)
      @reload_hooks += [block]
      self
    end

    # Opens anew what can be: runs what {#on_reload} was given, in that order.
    #
    # @return [self]
    def reload
      @reload_hooks.each { |hook| Hooks.call_safely(:on_reload, hook) }
      self
    end

    # Binds, starts the network threads and the workers, and calls the hook `after_boot`: returns when that has, or when
    # the server has been stopped meanwhile.
    #
    # @yieldparam server [Server] once it serves, before the hook
    # @return [self]
    # @raise [BindError] where the address cannot be listened on
    # @raise [Error] if it was started before
    def start
      @lock.synchronize do
        raise Error, "this server was started before; make a new one" if @id

        @id = Native.start(NativeSettings.of(settings, mode:, inherited: descriptor))
        begin_serving
      end
      yield self if block_given?
      call_after_boot if settings.after_boot && !@is_stopping
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

    # Says that nobody else is meant to listen on the socket that this server was given, or has given out by
    # {#listener}: no client is to connect to it once the server has stopped, be it that the app has forked a process
    # that has a copy. It is so from the start where neither was done.
    #
    # @return [void]
    def claim_listener
      Native.claim_listener(@id) if @id && !@stopped.closed?
    end

    # Waits until the server has stopped. Any number of threads may.
    # @return [self]
    # @raise [WorkerBootError] if it has stopped because a worker could not be started; says which, and why
    def wait
      @stopped.pop
      raise @failure.class, @failure.message if @failure

      self
    end

    # Stops: {#ready?} turns false, the hook `before_shutdown` is called, then it accepts no more, answers what has
    # been begun or queued, and ends the workers. What is not answered after `timeout` gets a 500, or a broken
    # connection if its head has gone out. Does nothing on a server that does not run; a second caller waits for the
    # first.
    #
    # In a trap handler, where nothing may be locked, in the hooks `after_boot`, `before_shutdown` and `on_worker_exit`,
    # and in the app, whose request it would wait for, it returns at once, and a thread of its own stops the server:
    # {#wait} tells when it has. A caller that is killed, or raised at, in the midst leaves a server that is about to
    # stop; call again to go on.
    #
    # @param timeout [Numeric] seconds, as many as the directive `shutdown_timeout` takes: for the hook and for what is
    #   to be answered together. The hook gets at least a second
    # @return [self]
    # @raise [ConfigError] for any other, whatever state the server is in
    def shutdown(timeout: settings.shutdown_timeout)
      timeout = Config::Directives[:shutdown_timeout].coerce(timeout, source: "shutdown(timeout:)")
      if Signals.trapping? || @hook_threads.own? || @pool&.own_thread?
        Thread.new { shutdown(timeout:) }
      else
        @lock.synchronize { stop(timeout) if @pool && !@stopped.closed? }
      end
      self
    end

    # What the server is and has done. Those of a server that has stopped stay as they were at its end; one that was
    # never started, or whose start has failed, has the first five only. The counters are read one after the other,
    # while requests go on.
    #
    # - `mode` (Symbol), `workers` and `threads` a worker (Integers), as they should be now; `lanes` (Boolean) and
    #   `batch` (Integer), as they are set
    # - `connections` (open now), `accepted` (since the start)
    # - `queued` (requests that wait for a worker), `in_flight` (that a worker is at), `served` (that workers have
    #   finished, whatever they answered)
    # - `rejected`: answered 503 because the queue stayed full
    # - `refused`: answered by the front-end because of what they said; `refusals`: the same by reason,
    #   Hash{Symbol=>Integer}, only those that have occurred
    # - `disconnects`: the connection ended before the answer was complete
    # - `dropped`: a worker left them unanswered, so that they were answered 500
    # - `timeouts`: answered 504, see the directive `request_timeout`
    # - `respawns`: workers, or threads of one, that died and were replaced
    # - `quarantined`: worker threads that are set aside now, see the directive `quarantine_timeout`
    # - `per_worker`: one Hash for each thread of a worker there is: `index` of its worker, `served` (requests),
    #   `busy_ms` (Float, for how long it has been at its request; nil while it waits for one), `quarantined` (Boolean),
    #   and `relieved` (true) for a Ractor that has not left yet though the server has gone over to threads
    # - `queue_wait_ms`, `service_time_ms`: how long requests waited for a worker, and how long workers took for them,
    #   since the start, in milliseconds: `p50`, `p95`, `p99` and `max` (Floats); empty before the first
    # - `lane_depths`, with `lanes` only: how many of the `queued` wait for each thread alone, Array<Integer>
    #
    # @return [Hash{Symbol=>Object}]
    def stats
      { mode:, workers:, threads:, lanes: settings.lanes, batch: settings.batch }.merge(counters)
    end

    # @return [String] {#stats} on one line, as `key=value` with spaces between: names of nested values are joined
    #   by dots (`queue_wait_ms.p50=0.2`), times have three decimals, and `-` stands for nil
    def stats_line = StatsLine.of(stats)

    private

    # A descriptor, or what IO has one for.
    def descriptor
      @given.is_a?(Integer) ? @given : @given&.fileno
    end

    def begin_serving
      @port = Native.port(@id)
      @host = Config::Address.host_of(listener) if @given
      # Noted before it starts, for its thread asks for it.
      @pool = Pool.of(self, app: @app, id: @id, hook_threads: @hook_threads, yjit: @yjit) { |error| fail_with(error) }
      is_up = @pool.start
    ensure # whatever it was, a Thread#kill included: the port must not stay taken
      give_back unless is_up
    end

    # Leaves a server that has stopped and has done nothing.
    def give_back
      @pool = nil
      @last_counters = {}
      Native.shutdown(@id)
      @stopped.close
    end

    # Where no worker is left there is nothing to wait for.
    def fail_with(error)
      return if @is_stopping

      @failure = error
      shutdown(timeout: @pool.any? ? settings.shutdown_timeout : 0)
    end

    # A hook that hangs must not keep the server from being stopped, nor whoever has started it from going on then.
    def call_after_boot
      @hook_threads.begin(:after_boot, settings.after_boot, over: @booted)
      @booted.pop
    end

    # Each step may be done again, so that a caller who was interrupted leaves the rest to the next.
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
      @last_counters || raise # it has stopped meanwhile
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def warn_of(reason)
      ErrorLog.line("warning: threaded mode, because #{reason}") if reason
      warn_of_cpus
    end

    # Once: the next worker makes it no truer.
    def warn_of_cpus
      return if @warned_of_cpus || mode != :ractor

      limit = Config::Mode.max_cpu_warning(Config::Mode.ractors(settings, workers:)) or return
      @warned_of_cpus = true
      ErrorLog.line("warning: #{limit}")
    end
  end
end
