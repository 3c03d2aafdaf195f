# frozen_string_literal: true

require "kino/pool/drain"
require "kino/pool/lifecycle"
require "kino/pool/quarantine"
require "kino/pool/worker_table"

module Kino
  module Pool
    # Keeps the right number of workers running: replaces those that die, starts others for those that hang, adds and
    # removes some on request. One thread does all of it. The state is in {WorkerTable}, {Lifecycle} decides what
    # follows an exit, and a {Launcher} starts Ractors or threads.
    #
    # A worker that dies while it serves is replaced at once. A worker that dies before it could take a request is
    # retried after a delay, see {Backoff}; others are replaced meanwhile. When its attempts are exhausted:
    #
    # - If others serve, a worker that has never served is given up: it was one too many. A worker that has served is
    #   retried forever, because what stops it (a lack of memory, say) will pass, and nobody is there to add it again.
    # - If no worker serves and all attempts are exhausted, the server stops: whoever started it can do better than
    #   wait.
    class Supervisor
      # @param launcher [Launcher]
      # @param table [WorkerTable] the workers that should exist
      # @param quarantine [Quarantine]
      # @param exit_hook [ExitHook]
      # @param demotion [Demotion, nil] decides whether threads replace the Ractors
      # @yieldparam error [WorkerError] no worker serves, or could be replaced, any more; nothing is started after that
      def initialize(launcher:, table:, quarantine:, exit_hook:, demotion: nil, &on_failure)
        @launcher = launcher
        @table = table
        @quarantine = quarantine
        @exit_hook = exit_hook
        @demotion = demotion
        @on_failure = on_failure
        @lock = Mutex.new
        @drain = Drain.new(launcher.server_id)
        @lifecycle = Lifecycle.new(launcher:, table:, drain: @drain)
        @errors = 0
      end

      # @return [self]
      def start
        @lock.synchronize { @table.indexes.each { |index| @lifecycle.start_worker(index) } }
        @thread = Thread.new { supervise }.tap { |thread| thread.name = "kino-supervisor" }
        self
      end

      # @return [Integer] how many workers there should be
      def workers = @lock.synchronize { @table.indexes.size }

      # @return [Boolean] whether any worker runs now
      def any? = @lock.synchronize { @table.running? }

      # @return [Boolean] whether threads have replaced the Ractors
      def demoted? = @demotion ? @demotion.begun? : false

      # @return [Integer, nil] threads per worker, if they have
      def threads = (@demotion.threads if demoted?)

      # @param rows [Array<Hash>] the `per_worker` of {Server#stats}
      # @return [Boolean] whether all workers have come up
      def up?(rows) = @lock.synchronize { !@thread.nil? && @table.up?(rows) }

      # Starts one more worker.
      # @return [Integer, nil] its index, the lowest that is free; nil if there are as many as there may be, or if the
      #   server is stopping
      def add
        @lock.synchronize do
          next if @is_stopping

          index = @table.add { |free| !@drain.include?(free) } or next refuse_to_add
          @lifecycle.start_worker(index)
          @launcher.wake
          index
        end
      end

      # Removes the worker with the highest index; it finishes its request. The last worker always stays.
      # @return [Integer, nil] its index; nil if it is the only one, or if the server is stopping
      def remove
        @lock.synchronize do
          next if @is_stopping || @table.indexes.size == 1

          index, threads = @table.remove
          @drain.add(index, threads)
          @launcher.wake
          index
        end
      end

      # Starts nothing more, and waits for the workers to leave and for the exit hook. May be called again, but not on
      # {#own_thread?}.
      # @param seconds [Numeric] for all of it together
      # @param grace [Numeric] seconds more for the `ensure` blocks of threads that are killed then
      # @return [Boolean] whether all workers have left by themselves
      def join(seconds, grace: 0)
        deadline = now + seconds
        @lock.synchronize { @is_stopping = true }
        @launcher.wake
        has_left = !@thread.join(seconds).nil?
        kill_workers(grace) unless has_left
        @exit_hook.finish([deadline - now, 0].max)
        has_left
      end

      # @return [Boolean] whether the caller is on a thread that {#join} waits for
      def own_thread? = @thread == Thread.current || @launcher.own_thread?

      private

      # Before the supervisor's own thread, which cannot run until busy workers have let go of the VM lock.
      def kill_workers(grace)
        @launcher.kill
        @is_killed = true
        @thread.kill.join
        @launcher.await_killed(grace)
      end

      def supervise
        @thread = Thread.current # at once: {#start} may not have assigned it when it is needed
        step until over?
      end

      # Rescues whatever is raised in it, or at this thread from outside: without it no worker is ever replaced.
      def step
        announce_failure
        exited = @launcher.next_exit(wait_time)
        handle_exit(*exited) if exited
        @lock.synchronize { tick }
        @errors = 0
      rescue Exception => error # rubocop:disable Lint/RescueException -- see above
        log_and_back_off(error)
      end

      def log_and_back_off(error)
        @errors += 1
        ErrorLog.line("the supervisor of the workers goes on after #{ErrorLog.full_message(error)}")
        why = "its workers cannot be supervised: #{error.class}"
        @lock.synchronize { fail_with(why) } if Backoff.exhausted?(@errors)
        sleep(Backoff.delay(@errors))
      end

      def announce_failure
        return unless @failure

        @on_failure&.call(@failure)
        @failure = nil
      end

      def over? = @lock.synchronize { @is_killed || (@is_stopping && !@table.running? && !@failure) }

      # @return [Float, nil] seconds until the next {#tick} has something to do; nil for never
      def wait_time
        @lock.synchronize do
          next if @is_stopping

          [@table.next_due&.-(now), @quarantine.interval,
           (Drain::INTERVAL if @drain.pending?)].compact.min&.clamp(0.0, nil)
        end
      end

      def tick
        return if @is_stopping

        demote if @demotion&.due?
        while (spec = @table.take_due(now))
          @lifecycle.respawn(spec)
        end
        @drain.tell
        @quarantine.check { |index| @lifecycle.replace_quarantined(index) }
      end

      # Replaces the Ractors by threads; the engine has told the Ractors to leave. If something is raised halfway, the
      # next tick goes on: it starts those threads that are missing.
      def demote
        unless @demotion.begun?
          @table.relieve
          @drain.clear
          relief, workers = @demotion.begin(@launcher, @table.indexes.size)
          @launcher = @lifecycle.launcher = relief
          @table.limit(workers)
        end
        @table.indexes.each { |index| @lifecycle.start_worker(index) unless @table.running?(index) }
        @demotion.finish(@table.indexes.size)
      end

      # Logs the exit before the replacement can log anything.
      def handle_exit(number, reason, is_whole)
        spec, what, replacement = @lock.synchronize { decide(number, reason, is_whole) }
        return unless spec

        begin
          ErrorLog.line("#{spec.name} #{[what, reason.full_message].compact.join(": ")}") if what
        ensure
          @lock.synchronize { @lifecycle.respawn(replacement) unless @is_stopping } if replacement
        end
        # Once for each thread, in both modes.
        spec.threads.times { @exit_hook.notify(spec.index, reason.error) }
      end

      def decide(number, reason, is_whole)
        @lifecycle.exited(number, reason, is_whole:, is_stopping: @is_stopping) do |why|
          fail_with(why, WorkerBootError)
        end
      end

      def fail_with(why, error = WorkerError)
        @is_stopping = true
        @table.clear_schedule
        @failure = error.new("the server has stopped: #{why}")
      end

      # @return [nil]
      def refuse_to_add
        ErrorLog.line("no worker is added: there are #{@table.indexes.size}, and there may be no more")
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
