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
  # Runs a server as the main task of the process, for {Server.run}: signals, pidfile, service manager, hot restarts.
  #
  # @api private
  class Runner
    # Seconds between two checks whether the server is up.
    POLL_INTERVAL = 0.005
    private_constant :POLL_INTERVAL

    # @param server [Server] not started
    # @param inherited [Inherited] its sockets have been given to the server; they are closed here
    # @param program [#command, #environment, #directory] the program that a hot restart starts
    def initialize(server, inherited:, program: Program)
      @server = server
      @inherited = inherited
      @pidfile = server.settings.pidfile&.then { |path| Pidfile.new(path, directory: inherited.directory) }
      @notifier = Systemd::Notifier.new
      @watchdog = Systemd::Watchdog.new(server:, notifier: @notifier)
      @restart = HotRestart.new(server, program:, succeeded: @notifier.method(:succeeded_by),
                                        failed: -> { @pidfile&.claim })
      @reloading = Mutex.new # serialises reloads
      @telling = Mutex.new # serialises messages to the service manager
      @stopping = false
    end

    # The block is part of the boot: the server is announced as ready, and its predecessor exits, when the block has
    # returned. So the block must return, and if it raises, a hot restart fails and keeps the old process.
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
      finish if Process.pid == @pid # a process forked in the block is not the server
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
      # The app may end the main thread more than once.
      Thread.handle_interrupt(SystemExit => :never) do
        boot&.kill&.join
        end_well unless is_over || Process.pid != @pid
      end
    end

    # @yield once there is something to stop, even while the hook after_boot runs
    def start(&)
      # The app is loaded and stays, so the garbage collector need not mark it each time.
      Process.warmup
      # The pidfile is the predecessor's until we can take its place.
      @pidfile&.claim unless @inherited.predecessor
      @server.start(&)
    ensure
      @inherited.close
    end

    # On a thread beside the wait for the end, which may come before the workers are up.
    def announce
      thread = Thread.new do
        sleep POLL_INTERVAL until @server.ready?
        @pidfile&.claim(from: @inherited.predecessor)
        @announced = true # first, so that a reload that announced its start also announces its end
        # A service manager may listen only to the predecessor, which then speaks for us.
        @inherited.announce || tell_ready
        @watchdog.start
      rescue *ErrorLog::RESCUED => error
        @failure = error
        @server.shutdown # gracefully: clients may have sent requests already
      end
      thread.name = "kino-boot"
      thread
    end

    # A new process that is not wanted any more has the sockets, too. As long as it does, the system queues connections
    # that no process accepts once we have stopped, and resets them when it exits. So it must exit first; if it does
    # not, we wait half of the time for it.
    def stop
      timeout = @server.settings.shutdown_timeout
      began = now
      tell_of_wait(timeout)
      is_last = leave && @restart.wait(timeout / 2)
      shut_down([timeout - (now - began), 0].max, is_last:)
    end

    # Otherwise a user who has pressed Ctrl-C would see nothing happen. A failure here must not prevent the stop.
    def tell_of_wait(timeout)
      return unless $stderr.tty?

      count = @server.stats.values_at(:in_flight, :queued).sum(&:to_i)
      return if count.zero?

      ErrorLog.line("stopping, in #{timeout.to_s.delete_suffix(".0")} s at most (requests in flight: #{count}); a " \
                    "second Ctrl-C ends at once")
    rescue *ErrorLog::RESCUED # the app may have replaced or closed $stderr
      nil
    end

    # @param is_last [Boolean] whether no other process follows, or still may
    def shut_down(timeout, is_last:)
      has_predecessor = Process.ppid == @inherited.predecessor # which has the sockets until it exits
      @server.claim_listeners if is_last && !has_predecessor
      @server.shutdown(timeout:)
    end

    # After a hot restart the old process must not announce that the service stops.
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
        told = @announced # a service that is starting cannot reload
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

    # Called if the main thread was ended, most likely by the app: the server must not disappear without a word, and
    # requests that have begun are finished. Signals still work: a second one that stops the server ends it at once.
    def end_well
      why = end_of_thread or return
      ErrorLog.line("the server stops, because the main thread was ended (#{why})")
      # On a thread of its own, because a pending interrupt of this thread would end each of its waits.
      Thread.new { shut_down(@server.settings.shutdown_timeout, is_last: leave) }.join
    rescue ThreadError # no thread is left
      shut_down(@server.settings.shutdown_timeout, is_last: leave)
    end

    # @return [String, nil] nil if it goes on, or if something was raised
    def end_of_thread
      raised = $! # rubocop:disable Style/SpecialGlobalVars -- as in the responder, which runs in Ractors
      return "exit #{raised.status}" if raised.is_a?(SystemExit)

      "it was killed" if raised.nil? && Thread.current.status == "aborting"
    end

    # If something was raised, no other code could stop the server any more.
    def finish
      leave
      @server.shutdown(timeout: 0)
      @restart.wait
    ensure
      @watchdog.stop
      @pidfile&.release
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def status = "serving #{@server.urls.join(", ")} (#{@server.mode}, #{crew})"
  end
end
