# frozen_string_literal: true

require "kino/hooks"
require "kino/pool/backoff"
require "kino/pool/ending"
require "kino/pool/quarantine"
require "kino/pool/retiring"

module Kino
  # Where workers run, and what is done about those that die or hang.
  module Pool
    # Keeps as many workers running as there should be: replaces those that die, starts others for those that hang, adds
    # and removes some when it is told to. One thread does that; how a worker is started is {Ractors}' or {Threads}'
    # business.
    #
    # A worker that dies while it serves is replaced at once. One that dies before it could begin is tried again after a
    # while, see {Backoff}; others are replaced meanwhile.
    class Supervisor
      Unit = Data.define(:index, :name, :threads, :failures)

      # Something that runs and ends as one: a worker Ractor, or one of the plain threads of a worker.
      #
      # @!attribute [r] index
      #   @return [Integer] of the worker that it is, or is a part of
      # @!attribute [r] name
      #   @return [String]
      # @!attribute [r] threads
      #   @return [Integer]
      # @!attribute [r] failures
      #   @return [Integer] how many before it died at boot, one after the other
      class Unit # rubocop:disable Lint/EmptyClass -- for its documentation
      end

      # The stages of those that were told to end.
      TOLD = %i[leaving set_aside].freeze

      # What a worker may fail to start with.
      FAILURES = [*ErrorLog::RESCUED, NoMemoryError].freeze
      private_constant :TOLD, :FAILURES

      # @param server_id [Integer] the server in {Native}
      # @param launcher [Ractors, Threads]
      # @param workers [Integer] how many there should be
      # @param quarantine [Quarantine]
      # @param on_exit [#call, nil] the hook on_worker_exit
      # @yieldparam error [WorkerBootError] a worker cannot be started; called once, and nothing is started after it
      def initialize(server_id:, launcher:, workers:, quarantine:, on_exit: nil, &give_up)
        @server_id = server_id
        @launcher = launcher
        @indexes = (0...workers).to_a
        @quarantine = quarantine
        @on_exit = on_exit
        @give_up = give_up
        @lock = Mutex.new
        @last_number = 0
        @running = {} # by number
        @due = {}.compare_by_identity # when to start it, by unit
        @retiring = Retiring.new(server_id)
      end

      # @return [self]
      def start
        @lock.synchronize { @indexes.each { |index| launch_worker(index) } }
        @thread = Thread.new { supervise }
        @thread.name = "kino-supervisor"
        self
      end

      # @return [Integer] how many workers there should be
      def workers = @lock.synchronize { @indexes.size }

      # @return [Boolean] whether any worker runs now
      def any? = @lock.synchronize { @running.any? }

      # Starts one more.
      # @return [Integer, nil] its index, the lowest that is free; nil once the server ends
      def add
        @lock.synchronize do
          next if @is_stopping

          index = (0..).find { |free| !@indexes.include?(free) && !@retiring.include?(free) }
          @indexes << index
          launch_worker(index)
          @launcher.wake
          index
        end
      end

      # Sends the one with the highest index away, after the request that it is at. One stays in any case.
      # @return [Integer, nil] its index; nil if it is the only one
      def remove
        @lock.synchronize do
          next if @is_stopping || @indexes.size == 1

          index = @indexes.delete(@indexes.max)
          @due.reject! { |unit, _| unit.index == index }
          @retiring.add(index, @running.each_value.sum { |unit| unit.index == index ? unit.threads : 0 })
          @launcher.wake
          index
        end
      end

      # Starts nothing more, and waits for the workers to leave. May be called again, but not on {#own_thread?}.
      # @param seconds [Numeric] for all of them together
      # @return [Boolean] whether all have left by themselves
      def join(seconds)
        @lock.synchronize { @is_stopping = true }
        @launcher.wake
        return true if @thread.join(seconds)

        @is_given_up = true
        @thread.kill.join
        @launcher.kill
        false
      end

      # @return [Boolean] whether the caller is a hook on the thread that all this is done on
      def own_thread? = @thread == Thread.current

      private

      def supervise
        until over?
          ended = @launcher.next_end(patience)
          handle(*ended) if ended
          @lock.synchronize { look_around }
          give_up
        end
      end

      def give_up
        error = @lock.synchronize { @failure.tap { @failure = nil } }
        @give_up&.call(error) if error
      end

      def over? = @lock.synchronize { @is_given_up || (@is_stopping && @running.empty?) }

      # @return [Float, nil] seconds until there is something to do, whatever happens; nil for never
      def patience
        @lock.synchronize do
          next if @is_stopping

          [(@due.each_value.min - now if @due.any?), @quarantine.interval,
           (Retiring::EVERY if @retiring.any?)].compact.min&.clamp(0.0, nil)
        end
      end

      def look_around
        return if @is_stopping

        @due.select { |_, time| time <= now }.each_key { |unit| restart(unit) }
        @retiring.tell
        @quarantine.look do |index|
          launch(Unit.new(index:, name: name(index), threads: 1, failures: 0)) unless gone?(index)
        end
      end

      # Says what has happened before anything else can; the hook may take its time, so it comes last.
      def handle(number, ending, is_whole)
        unit, what, successor = @lock.synchronize { settle(number, ending, is_whole) }
        return unless unit

        ErrorLog.line("#{unit.name} #{[what, ending.account].compact.join(": ")}") if what
        @lock.synchronize { restart(successor) } if successor
        # Of a Ractor with several threads: it leaves when the last of them has left.
        return if !is_whole && ending.stage == :leaving && !ending.error

        Hooks.call_safely(:on_worker_exit, @on_exit, unit.index, ending.error)
      end

      # Decides what becomes of a unit that has ended, or lost a thread.
      # @return [Array(Unit, String, Unit)] it, what has happened if that is of interest, and what to start at once
      def settle(number, ending, is_whole)
        unit = is_whole ? @running.delete(number) : @running[number]
        return unless unit
        return [unit, leave(unit, ending)] if @is_stopping || gone?(unit.index) || TOLD.include?(ending.stage)

        unless is_whole
          # The others in its Ractor stay, and have replaced it unless it could not begin.
          return [unit, count_respawn] if ending.stage == :serving

          unit = unit.with(threads: 1)
        end
        again(unit.with(failures: ending.stage == :boot ? unit.failures + 1 : 0), ending)
      end

      def again(unit, ending)
        delay = Backoff.delay(unit.failures)
        return [unit, fail_for_good(unit, ending)] unless delay
        return [unit, "died and is replaced", unit] if delay.zero?

        @due[unit] = now + delay
        [unit, "died at boot and is replaced in #{delay.round(2)} s"]
      end

      def fail_for_good(unit, ending)
        @is_stopping = true
        @due.clear
        what = "died at boot #{unit.failures} times in a row"
        reason = ending.account.lines(chomp: true).first
        @failure = WorkerBootError.new("the server has stopped: #{unit.name} #{what}: #{reason}")
        "#{what}, so the server stops"
      end

      def leave(unit, ending)
        @retiring.forget(unit.index) if @running.none? { |_, other| other.index == unit.index }
        what = "was set aside and has left" if ending.stage == :set_aside
        ending.error ? "died" : what
      end

      def gone?(index) = !@indexes.include?(index)

      def name(index) = "kino-worker-#{index + 1}"

      def launch_worker(index)
        @launcher.parts(index).each { |name, threads| launch(Unit.new(index:, name:, threads:, failures: 0)) }
      end

      def restart(unit)
        @due.delete(unit)
        return if @is_stopping || gone?(unit.index)

        count_respawn
        launch(unit)
      end

      def launch(unit)
        number = @last_number += 1
        @running[number] = unit
        @launcher.start(number, unit)
      rescue *FAILURES => error
        @launcher.note(number, Ending.of(:boot, error))
      end

      def count_respawn
        Native.count_respawn(@server_id)
        "died and is replaced"
      end

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
