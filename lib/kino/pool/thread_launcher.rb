# frozen_string_literal: true

require "kino/pool/exit_reason"
require "kino/pool/launcher"
require "kino/worker"

module Kino
  module Pool
    # Runs workers as plain threads, for any app. Each thread of a worker is supervised by itself.
    class ThreadLauncher < Launcher
      # Takes what {Launcher#initialize} takes.
      def initialize(...)
        super
        @exits = Thread::Queue.new
        @running = []
      end

      # (see Launcher#specs)
      def specs(index)
        names = @threads == 1 ? [name(index)] : Array.new(@threads) { |number| "#{name(index)}-#{number + 1}" }
        names.map { |name| WorkerSpec.new(index:, name:, threads: 1) }
      end

      # (see Launcher#start)
      def start(number, spec)
        @running.select!(&:alive?)
        @running << Thread.new do
          Thread.current.name = spec.name
          Worker.run(**work_for(spec)) { |reason| report(number, reason) }
        end
      end

      # (see Launcher#next_exit)
      def next_exit(seconds)
        exited = @exits.pop(timeout: seconds || LONGEST_WAIT)
        exited unless exited == :wake
      end

      # (see Launcher#report)
      def report(number, reason) = @exits << [number, reason, true]

      # (see Launcher#wake)
      def wake = @exits << :wake

      # (see Launcher#own_thread?)
      def own_thread? = @running.include?(Thread.current)

      # (see Launcher#kill)
      def kill = left.each(&:kill)

      # Without this wait the end of the process would cut off their `ensure` blocks: the VM kills all threads once more
      # then, and a second kill ends a running `ensure`.
      #
      # @param (see Launcher#await_killed)
      # @return [void]
      def await_killed(seconds)
        deadline = now + seconds
        left.each { |thread| await(thread, [deadline - now, 0].max) }
      end

      private

      def await(thread, seconds)
        thread.join(seconds)
      rescue Exception # rubocop:disable Lint/RescueException -- whatever it died of, the stop goes on
        nil
      end

      # Without the caller's own: a handler may have stopped the server, and should see it stopped.
      def left = @running.select { |thread| thread.alive? && thread != Thread.current }

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # Runs the threads that relieve Ractors, see {Demotion}. Exits of the remaining Ractors are heard here too: there is
    # one wait, the native one, and a thread that exits wakes it.
    class ReliefLauncher < ThreadLauncher
      # @param ractors [RactorLauncher]
      # @param about [Hash{Symbol => Object}] see {Launcher#initialize}
      def initialize(ractors, **about)
        super(**about)
        @ractors = ractors
      end

      # (see Launcher#next_exit)
      def next_exit(seconds) = super(0) || @ractors.next_exit(seconds)

      # (see Launcher#report)
      def report(number, reason)
        super
        wake
      end

      # (see Launcher#wake)
      def wake = @ractors.wake

      private

      # They take the requests that Ractors have put back.
      def work_for(spec) = super.merge(relief: true)
    end
  end
end
