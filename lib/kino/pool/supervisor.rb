# frozen_string_literal: true

require "kino/pool/backoff"
require "kino/pool/ending"
require "kino/pool/quarantine"
require "kino/pool/retiring"
require "kino/pool/roster"
require "kino/pool/settling"
require "kino/pool/starter"

module Kino
  module Pool
    # Keeps as many workers running as there should be: replaces those that die, starts others for those that hang, adds
    # and removes some when it is told to. One thread does that; how a worker is started is {Ractors}' or {Threads}'
    # business.
    #
    # A worker that dies while it serves is replaced at once. One that dies before it could begin is tried again after a
    # while, see {Backoff}; others are replaced meanwhile. When its attempts are exhausted, it depends:
    #
    # - Where others serve, one that has never served is given up: it was asked for too much. One that has served is
    #   tried for ever: what keeps it from beginning (a lack of memory, say) will pass, and nobody is there to add it
    #   again.
    # - Where nobody serves, and all are exhausted, the server stops: who has started it can do better than to wait.
    class Supervisor
      # @param launcher [Ractors, Threads]
      # @param roster [Roster] the workers that there should be
      # @param quarantine [Quarantine]
      # @param exit_hook [ExitHook]
      # @param demotion [Demotion, nil] says when to go over to threads
      # @yieldparam error [WorkerError] nobody serves, or could be replaced, any more; nothing is started after it
      def initialize(launcher:, roster:, quarantine:, exit_hook:, demotion: nil, &give_up)
        @launcher = launcher
        @roster = roster
        @quarantine = quarantine
        @exit_hook = exit_hook
        @demotion = demotion
        @give_up = give_up
        @lock = Mutex.new
        @starter = Starter.new(server_id: launcher.server_id, launcher:, roster:)
        @retiring = Retiring.new(launcher.server_id)
        @settling = Settling.new(server_id: launcher.server_id, roster:, starter: @starter, retiring: @retiring)
        @errors = 0
      end

      # @return [self]
      def start
        @lock.synchronize { @roster.indexes.each { |index| @starter.worker(index) } }
        @thread = Thread.new { supervise }.tap { |thread| thread.name = "kino-supervisor" }
        self
      end

      # @return [Integer] how many workers there should be
      def workers = @lock.synchronize { @roster.indexes.size }

      # @return [Boolean] whether any worker runs now
      def any? = @lock.synchronize { @roster.running? }

      # @return [Boolean] whether threads have taken the place of Ractors
      def demoted? = @demotion ? @demotion.begun? : false

      # @return [Integer, nil] threads a worker, where they have
      def threads = (@demotion.threads if demoted?)

      # @param rows [Array<Hash>] the `per_worker` of {Server#stats}
      # @return [Boolean] whether all that are to serve have come up
      def up?(rows) = @lock.synchronize { !@thread.nil? && @roster.up?(rows) }

      # Starts one more.
      # @return [Integer, nil] its index, the lowest that is free; nil if there are as many as there may be, and once
      #   the server ends
      def add
        @lock.synchronize do
          next if @is_stopping

          index = @roster.add { |free| !@retiring.include?(free) } or next refuse_to_add
          @starter.worker(index)
          @launcher.wake
          index
        end
      end

      # Sends the one with the highest index away, after the request that it is at. One stays in any case.
      # @return [Integer, nil] its index; nil if it is the only one
      def remove
        @lock.synchronize do
          next if @is_stopping || @roster.indexes.size == 1

          index, threads = @roster.remove
          @retiring.add(index, threads)
          @launcher.wake
          index
        end
      end

      # Starts nothing more, and waits for the workers to leave, and for the hook that is told of it. May be called
      # again, but not on {#own_thread?}.
      # @param seconds [Numeric] for all of them together
      # @param grace [Numeric] seconds more for the `ensure` blocks of those that are killed then
      # @return [Boolean] whether all have left by themselves
      def join(seconds, grace: 0)
        deadline = now + seconds
        @lock.synchronize { @is_stopping = true }
        @launcher.wake
        has_left = !@thread.join(seconds).nil?
        give_workers_up(grace) unless has_left
        @exit_hook.finish([deadline - now, 0].max)
        has_left
      end

      # @return [Boolean] whether the caller is on a thread that {#join} waits for
      def own_thread? = @thread == Thread.current || @launcher.own_thread?

      private

      # Those that are busy first: until they have let go of the VM lock, nobody else gets on.
      def give_workers_up(grace)
        @launcher.kill
        @is_given_up = true
        @thread.kill.join
        @launcher.await_killed(grace)
      end

      def supervise
        @thread = Thread.current # at once: {#start} may not have noted it when it is asked for
        step until over?
      end

      # Whatever is raised in it, and whoever has raised it at this thread: without it nobody that dies is replaced.
      def step
        give_up
        ended = @launcher.next_end(patience)
        handle(*ended) if ended
        @lock.synchronize { tick }
        @errors = 0
      rescue Exception => error # rubocop:disable Lint/RescueException -- see above
        endure(error)
      end

      def endure(error)
        @errors += 1
        ErrorLog.line("the supervisor of the workers goes on after #{ErrorLog.full_message(error)}")
        why = "its workers cannot be supervised: #{error.class}"
        @lock.synchronize { fail_with(why) } if Backoff.exhausted?(@errors)
        sleep(Backoff.delay(@errors))
      end

      # Tells who has started us that nothing is started any more.
      def give_up
        return unless @failure

        @give_up&.call(@failure)
        @failure = nil
      end

      def over? = @lock.synchronize { @is_given_up || (@is_stopping && !@roster.running? && !@failure) }

      # @return [Float, nil] seconds until there is something to do, whatever happens; nil for never
      def patience
        @lock.synchronize do
          next if @is_stopping

          [@roster.next_due&.-(now), @quarantine.interval,
           (Retiring::EVERY if @retiring.any?)].compact.min&.clamp(0.0, nil)
        end
      end

      # What is done because it is time.
      def tick
        return if @is_stopping

        go_over if @demotion&.due?
        while (unit = @roster.due(now))
          @starter.again(unit)
        end
        @retiring.tell
        @quarantine.look { |index| @starter.stand_in(index) }
      end

      # The Ractors know already that they are to leave, and each of the successors that is missing is started: whatever
      # is raised in between, it can be done again.
      def go_over
        unless @demotion.begun?
          @roster.renew
          @retiring.clear
          successors, workers = @demotion.begin(@launcher, @roster.indexes.size)
          @launcher = @starter.launcher = successors
          @roster.keep(workers)
        end
        @roster.indexes.each { |index| @starter.worker(index) unless @roster.running?(index) }
        @demotion.conclude(@roster.indexes.size)
      end

      # Says what has happened before anything else can.
      def handle(number, ending, is_whole)
        unit, what, successor = @lock.synchronize { settle(number, ending, is_whole) }
        return unless unit

        begin
          ErrorLog.line("#{unit.name} #{[what, ending.full_message].compact.join(": ")}") if what
        ensure
          @lock.synchronize { @starter.again(successor) unless @is_stopping } if successor
        end
        # Once for each thread, in both modes.
        unit.threads.times { @exit_hook.tell(unit.index, ending.error) }
      end

      def settle(number, ending, is_whole)
        @settling.settle(number, ending, is_whole:, is_stopping: @is_stopping) { |why| fail_with(why, WorkerBootError) }
      end

      def fail_with(why, error = WorkerError)
        @is_stopping = true
        @roster.put_off_none
        @failure = error.new("the server has stopped: #{why}")
      end

      # @return [nil]
      def refuse_to_add
        ErrorLog.line("no worker is added: there are #{@roster.indexes.size}, and there may be no more")
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
