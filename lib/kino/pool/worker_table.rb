# frozen_string_literal: true

module Kino
  module Pool
    # How long to wait before retrying a worker that died before it could take a request: what stopped it will often
    # stop the next attempt too.
    module Backoff
      # Seconds before the second attempt. Each further wait is twice as long.
      FIRST = 0.1
      # The longest wait, in seconds.
      LONGEST = 5.0
      # After this many failed attempts in a row the cause counts as permanent. They take about 11 seconds: long enough
      # for a shortage of threads or memory to pass, short enough that whoever has just deployed is still watching.
      ATTEMPTS = 8

      # @param failures [Integer] failed attempts in a row, 0 for a worker that has served
      # @return [Float] seconds to wait
      def self.delay(failures)
        return 0.0 if failures.zero?

        # The exponent is capped: a worker may be retried for as long as the server runs.
        [FIRST * (2**(failures - 1).clamp(0, 30)), LONGEST].min
      end

      # @param failures [Integer] failed attempts in a row
      # @return [Boolean] whether the cause counts as permanent
      def self.exhausted?(failures) = failures >= ATTEMPTS
    end

    WorkerSpec = Data.define(:index, :name, :threads, :failures, :has_served)

    # What is started, and restarted, as a whole: a worker Ractor, or one of the plain threads of a worker.
    #
    # @!attribute [r] index
    #   @return [Integer] of the worker that this is, or is a part of
    # @!attribute [r] name
    #   @return [String]
    # @!attribute [r] threads
    #   @return [Integer] how many of its threads are left
    # @!attribute [r] failures
    #   @return [Integer] attempts in a row that died at boot before this one
    # @!attribute [r] has_served
    #   @return [Boolean] whether it replaces a worker that had come up
    class WorkerSpec
      # @param failures [Integer]
      # @param has_served [Boolean]
      # @param attributes [Hash{Symbol => Object}] the others, all of them
      def initialize(failures: 0, has_served: false, **attributes) = super

      # @param reason [ExitReason] why this one exited
      # @return [WorkerSpec] its replacement
      def after(reason)
        return with(failures: failures + 1) if reason.stage == :boot

        with(failures: 0, has_served: true)
      end

      # @return [Boolean] whether it has used up its attempts to boot
      def exhausted? = Backoff.exhausted?(failures)
    end

    # The state of a {Supervisor}, which locks it: the workers that should exist, what runs of them, and what is
    # scheduled to be restarted.
    class WorkerTable
      # @return [Array<Integer>] of the workers that should exist
      attr_reader :indexes

      # @param workers [Integer] how many there should be
      # @param most [Integer] how many there may be
      def initialize(workers:, most:)
        @indexes = (0...workers).to_a
        @most = most
        @running = {} # specs by number
        @relieved = {} # the same, see {#relieve}
        @scheduled = {}.compare_by_identity # times by spec
      end

      # Adds one worker.
      # @yieldparam index [Integer]
      # @yieldreturn [Boolean] whether the index is free
      # @return [Integer, nil] the lowest free index; nil if the table is full
      def add
        return if indexes.size >= @most

        (0..).find { |index| removed?(index) && yield(index) }.tap { |index| indexes << index }
      end

      # Removes the worker with the highest index.
      # @return [Array(Integer, Integer)] its index, and how many threads of it run
      def remove
        index = indexes.delete(indexes.max)
        @scheduled.reject! { |spec, _| spec.index == index }
        [index, @running.each_value.sum { |spec| spec.index == index ? spec.threads : 0 }]
      end

      # Removes all but the workers with the lowest indexes.
      # @param count [Integer] how many may stay
      # @return [void]
      def limit(count) = @indexes = indexes.min(count)

      # Gives a spec up; and its worker too, if nothing else of that is left.
      # @param spec [WorkerSpec] that does not run
      # @return [void]
      def give_up(spec)
        @scheduled.delete(spec)
        indexes.delete(spec.index) if wanted.none? { |other| other.index == spec.index && other.threads.positive? }
      end

      # @param index [Integer]
      # @return [Boolean] whether there should be no such worker
      def removed?(index) = !indexes.include?(index)

      # @param number [Integer] identifies what is started
      # @param spec [WorkerSpec]
      # @return [void]
      def started(number, spec) = @running[number] = spec

      # Keeps what runs only to hear of its exit: other workers relieve it.
      # @return [void]
      def relieve
        @relieved = @relieved.merge(@running)
        @running = {}
        @scheduled.clear
      end

      # @param number [Integer]
      # @return [Boolean] whether it was relieved
      def relieved?(number) = @relieved.key?(number)

      # Records an exit.
      # @param number [Integer]
      # @param is_whole [Boolean] whether all of it exited, rather than one of its threads
      # @param is_replaced [Boolean] whether its Ractor has replaced that thread already
      # @return [WorkerSpec, nil] what has exited; nil if that was recorded before
      def exited(number, is_whole:, is_replaced:)
        table = relieved?(number) ? @relieved : @running
        return table.delete(number) if is_whole

        spec = table[number] or return
        table[number] = spec.with(threads: spec.threads - 1) unless is_replaced
        spec.with(threads: 1)
      end

      # @param index [Integer, nil] of one worker; nil for all, relieved ones included
      # @return [Boolean] whether anything of it runs
      def running?(index = nil)
        return @running.any? || @relieved.any? if index.nil?

        @running.any? { |_, spec| spec.index == index }
      end

      # @param spec [WorkerSpec]
      # @param time [Float] when to start it
      # @return [void]
      def schedule(spec, time) = @scheduled[spec] = time

      # @return [Float, nil] when the next spec is due
      def next_due = @scheduled.each_value.min

      # Takes one spec that is due off the schedule.
      # @param now [Float]
      # @return [WorkerSpec, nil]
      def take_due(now)
        spec, = @scheduled.find { |_, time| time <= now }
        @scheduled.delete(spec)
        spec
      end

      # @return [void]
      def clear_schedule = @scheduled.clear

      # @param rows [Array<Hash>] the `per_worker` of {Server#stats}
      # @return [Boolean] whether all workers have come up
      def up?(rows) = current(rows).size >= wanted.sum { |spec| removed?(spec.index) ? 0 : spec.threads }

      # @param (see #up?)
      # @return [Boolean] whether any worker serves: a quarantined one does not
      def serving?(rows) = current(rows).any? { |row| !row[:quarantined] }

      # @param (see #up?)
      # @return [Boolean] whether any worker serves, or may still come up
      def can_recover?(rows)
        return true if serving?(rows) || @scheduled.each_key.any? { |spec| !spec.exhausted? }

        hopeful = @running.each_value.reject { |spec| removed?(spec.index) || spec.exhausted? }
        hopeful.sum(&:threads) > current(rows).size # the rows that are left are quarantined: those will not recover
      end

      private

      def wanted = [*@running.values, *@scheduled.keys]

      def current(rows) = rows.reject { |row| removed?(row[:index]) || row[:relieved] }
    end
  end
end
