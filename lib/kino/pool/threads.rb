# frozen_string_literal: true

require "kino/pool/ending"
require "kino/pool/launcher"
require "kino/worker"

module Kino
  module Pool
    # Runs workers as plain threads: any app. See {Supervisor} for what is common; what a worker is made of here is
    # its share of the threads, each of them supervised by itself.
    class Threads < Launcher
      # What {Launcher} takes.
      def initialize(...)
        super
        @ended = Thread::Queue.new
        @running = []
      end

      # (see Launcher#parts)
      def parts(index)
        return [[name(index), 1]] if @threads == 1

        Array.new(@threads) { |number| ["#{name(index)}-#{number + 1}", 1] }
      end

      # (see Launcher#start)
      def start(number, unit)
        @running.select!(&:alive?)
        @running << Thread.new do
          Thread.current.name = unit.name
          Worker.run(**work_of(unit)) do |ending|
            note(number, ending)
          end
        end
      end

      # (see Launcher#next_end)
      def next_end(seconds)
        ended = @ended.pop(timeout: seconds || LONGEST_WAIT)
        ended unless ended == :wake
      end

      # (see Launcher#note)
      def note(number, ending) = @ended << [number, ending, true]

      # (see Launcher#wake)
      def wake = @ended << :wake

      # (see Launcher#own_thread?)
      def own_thread? = @running.include?(Thread.current)

      # Kills the threads that are left.
      # @return [void]
      def kill = left.each(&:kill)

      # Without this the end of the process would cut their `ensure` blocks off: the VM kills all threads once more
      # then, and a second kill ends what runs in an `ensure`.
      # @param seconds [Numeric] at most, for all of them together
      # @return [void]
      def await_killed(seconds)
        deadline = now + seconds
        left.each { |thread| await(thread, [deadline - now, 0].max) }
      end

      private

      # What it dies of is not ours.
      def await(thread, seconds)
        thread.join(seconds)
      rescue Exception # rubocop:disable Lint/RescueException -- a stop has more to do than to wait for this thread
        nil
      end

      # A handler may have called for the end; it is to see it.
      def left = @running.select { |thread| thread.alive? && thread != Thread.current }

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
