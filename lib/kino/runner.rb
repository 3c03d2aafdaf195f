# frozen_string_literal: true

require "kino/error_log"
require "kino/hot_restart"
require "kino/inherited"
require "kino/pidfile"
require "kino/program"
require "kino/signals"
require "kino/systemd/notifier"
require "kino/systemd/watchdog"

module Kino
  # A server that has the process to itself: {Server.run} with all that the system wants of it.
  #
  # @api private
  class Runner
    # How often a server that boots is asked whether it has, in seconds.
    POLL_INTERVAL = 0.005
    private_constant :POLL_INTERVAL

    # @param server [Server] not started
    # @param inherited [Inherited] its listener, if any, is the server's already; it is closed here
    # @param kept [Boolean] whether a listener that was given stays somebody else's: a service manager's, a caller's
    # @param program [#command, #environment, #directory] what a hot restart starts
    def initialize(server, inherited:, kept: inherited.kept?, program: Program)
      @server = server
      @inherited = inherited
      @kept = kept
      @pidfile = server.settings.pidfile&.then { |path| Pidfile.new(path, directory: inherited.directory) }
      @notifier = Systemd::Notifier.new
      @watchdog = Systemd::Watchdog.new(server:, notifier: @notifier)
      @restart = HotRestart.new(server, program:, succeeded: @notifier.method(:succeeded_by),
                                        failed: -> { @pidfile&.claim }, kept:)
      @reloading = Mutex.new # reloads one after another
      @telling = Mutex.new # around what is said to the service manager, in the order in which it holds
      @stopping = false
    end

    # The block belongs to the boot: a server is announced as ready, and its predecessor leaves, when the block has
    # returned. So one that raises fails a hot restart, which leaves the old process; and it must not stay.
    #
    # @yieldparam server [Server] once it listens
    # @return [void]
    # @raise [BindError, PidfileError]
    def run(&)
      @pid = Process.pid
      signals = Signals.new(stop: method(:stop), others:)
      signals.during { serve(signals, &) }
      raise @failure if @failure
    ensure
      finish if Process.pid == @pid # what a block has forked is not the server
    end

    private

    def others
      {
        "USR1" => -> { ErrorLog.line(@server.stats_line) }, "USR2" => @restart.method(:call), "HUP" => method(:reload),
        "TTIN" => -> { resize("TTIN", :add_worker) }, "TTOU" => -> { resize("TTOU", :remove_worker) }
      }
    end

    def serve(signals)
      is_over = false
      start { signals.start }
      yield @server if block_given?
      boot = announce
      @server.wait
      is_over = true
    ensure
      # An app may end the main thread more than once.
      Thread.handle_interrupt(SystemExit => :never) do
        boot&.kill&.join
        end_well unless is_over || Process.pid != @pid
      end
    end

    # @yield once there is something to stop, whatever the hook after_boot does
    def start(&)
      # The app is loaded and stays: the collector need not look at it again each time.
      Process.warmup
      # The predecessor's it is until we can take its place.
      @pidfile&.claim unless @inherited.predecessor
      @server.start(&)
    ensure
      # The server has a descriptor of its own. Ours would let clients connect that nobody accepts.
      @inherited.listener&.close
    end

    # Beside the wait for the end, which may come before its workers are up.
    def announce
      thread = Thread.new do
        sleep POLL_INTERVAL until @server.ready?
        @pidfile&.claim(from: @inherited.predecessor)
        @announced = true # first, so that no reload that has told of its begin keeps its end to itself
        # A service manager may hear the predecessor only, which speaks for us then.
        @inherited.announce || tell_ready
        @watchdog.start
      rescue *ErrorLog::RESCUED => error
        @failure = error
        @server.shutdown # in good order: it may have been sent requests already
      end
      thread.name = "kino-boot"
      thread
    end

    # A process that is about to follow and is not wanted any more holds the socket too. As long as it does, the system
    # puts connections in line that nobody accepts once we have stopped, and resets them at its end. So it is to go
    # first; one that does not obey gets half of the time.
    def stop
      timeout = @server.settings.shutdown_timeout
      began = now
      tell_of_wait(timeout)
      is_last = leave && @restart.wait(timeout / 2)
      shut_down([timeout - (now - began), 0].max, is_last:)
    end

    # Who has pressed Ctrl-C sees nothing happen else. A courtesy, which must not cost the stop.
    def tell_of_wait(timeout)
      return unless $stderr.tty?

      count = @server.stats.values_at(:in_flight, :queued).sum(&:to_i)
      return if count.zero?

      ErrorLog.line("stopping, in #{timeout.to_s.delete_suffix(".0")} s at most (requests in flight: #{count}); a " \
                    "second Ctrl-C ends at once")
    rescue *ErrorLog::RESCUED # whatever an app has put in the place of $stderr, or has closed
      nil
    end

    # @param is_last [Boolean] whether nobody follows or may follow yet
    def shut_down(timeout, is_last:)
      has_predecessor = Process.ppid == @inherited.predecessor # who has the socket until it ends
      @server.claim_listener if is_last && !@kept && !has_predecessor
      @server.shutdown(timeout:)
    end

    # What serves on after a hot restart is not to be called off by the old process, whoever ends that.
    # @return [Boolean] whether the service ends with this process
    def leave
      ends = @restart.cancel
      @telling.synchronize do
        @notifier.stopping if ends && !@stopping
        @stopping = true
      end
      ends
    end

    def reload
      @reloading.synchronize do
        told = @announced # a service that is still starting does not reload
        @telling.synchronize { @notifier.reloading unless @stopping } if told
        @server.reload
      ensure
        tell_ready if told
      end
    end

    def tell_ready = @telling.synchronize { @notifier.ready(status) unless @stopping }

    def resize(signal, change)
      changed = @server.public_send(change)
      ErrorLog.line("#{signal}: #{crew}#{", as before" unless changed}")
    end

    def crew = "#{@server.workers} worker#{"s" if @server.workers != 1}"

    # Where somebody, the app most likely, has ended the main thread: a server must not be gone without a word, and what
    # it has begun is finished. Signals still are heard: a second one of those that stop a server ends it at once.
    def end_well
      why = end_of_thread or return
      ErrorLog.line("the server stops, because the main thread was ended (#{why})")
      # On a thread of its own: an interrupt that this one has to leave for later would end each of its waits.
      Thread.new { shut_down(@server.settings.shutdown_timeout, is_last: leave) }.join
    rescue ThreadError # none is left
      shut_down(@server.settings.shutdown_timeout, is_last: leave)
    end

    # @return [String, nil] nil where it goes on, or something was raised
    def end_of_thread
      raised = $! # rubocop:disable Style/SpecialGlobalVars -- as in the responder, which runs in Ractors
      return "exit #{raised.status}" if raised.is_a?(SystemExit)

      "it was killed" if raised.nil? && Thread.current.status == "aborting"
    end

    # Where something was raised, nobody else could stop it any more.
    def finish
      leave
      @server.shutdown(timeout: 0)
      @restart.wait
    ensure
      @watchdog.stop
      @pidfile&.release
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def status = "serving #{@server.url} (#{@server.mode}, #{crew})"
  end
end
