# frozen_string_literal: true

require "kino/pool/unit"

module Kino
  module Pool
    # The books of a {Supervisor}, which locks them: the workers that there should be, what of them runs, and what waits
    # to be started again.
    class Roster
      # @return [Array<Integer>] of the workers that there should be
      attr_reader :indexes

      # @param workers [Integer] how many there should be
      # @param most [Integer] how many there may be
      def initialize(workers:, most:)
        @indexes = (0...workers).to_a
        @most = most
        @running = {} # by number
        @former = {} # what {#renew} found running
        @due = {}.compare_by_identity # when to start it, by unit
      end

      # @yieldparam index [Integer]
      # @yieldreturn [Boolean] whether it is free
      # @return [Integer, nil] of one more, the lowest that is free; nil if there may be none
      def add
        return if indexes.size >= @most

        (0..).find { |index| gone?(index) && yield(index) }.tap { |index| indexes << index }
      end

      # @return [Array(Integer, Integer)] the highest index, which is taken out, and how many threads of it run
      def remove
        index = indexes.delete(indexes.max)
        @due.reject! { |unit, _| unit.index == index }
        [index, @running.each_value.sum { |unit| unit.index == index ? unit.threads : 0 }]
      end

      # @param count [Integer] how many workers there should be at most: those with the lowest indexes
      # @return [void]
      def keep(count) = @indexes = indexes.min(count)

      # A unit is started no more; nor is its worker if nothing else of it is left.
      # @param unit [Unit] that does not run
      # @return [void]
      def drop(unit)
        @due.delete(unit)
        indexes.delete(unit.index) if wanted.none? { |other| other.index == unit.index && other.threads.positive? }
      end

      # @param index [Integer]
      # @return [Boolean] whether there should be no such worker
      def gone?(index) = !indexes.include?(index)

      # @param number [Integer] names it
      # @param unit [Unit] that is started
      # @return [void]
      def enter(number, unit) = @running[number] = unit

      # Others take the place of all that runs: it is as good as gone, but for its end.
      # @return [void]
      def renew
        @former = @former.merge(@running)
        @running = {}
        @due.clear
      end

      # @param number [Integer]
      # @return [Boolean] whether another has taken its place
      def former?(number) = @former.key?(number)

      # Notes the end of a unit, or of one of its threads.
      # @param number [Integer]
      # @param is_whole [Boolean] whether it is all of the unit
      # @param is_replaced [Boolean] whether a thread of it has been replaced already
      # @return [Unit, nil] what has ended; nil if that is known
      def strike(number, is_whole:, is_replaced:)
        running = former?(number) ? @former : @running
        return running.delete(number) if is_whole

        unit = running[number] or return
        running[number] = unit.with(threads: unit.threads - 1) unless is_replaced
        unit.with(threads: 1)
      end

      # @param index [Integer, nil] of one worker; nil for all, those included whose place was taken
      # @return [Boolean] whether anything of it runs
      def running?(index = nil)
        return @running.any? || @former.any? if index.nil?

        @running.any? { |_, unit| unit.index == index }
      end

      # @param unit [Unit]
      # @param time [Float] when to start it
      # @return [void]
      def put_off(unit, time) = @due[unit] = time

      # @return [Float, nil] when the next is to be started
      def next_due = @due.each_value.min

      # @param now [Float]
      # @return [Unit, nil] that is to be started now; it waits no more
      def due(now)
        unit, = @due.find { |_, time| time <= now }
        @due.delete(unit)
        unit
      end

      # Nothing waits any more.
      # @return [void]
      def put_off_none = @due.clear

      # @param rows [Array<Hash>] the `per_worker` of {Server#stats}
      # @return [Boolean] whether all that are to serve have come up
      def up?(rows) = current(rows).size >= wanted.sum { |unit| gone?(unit.index) ? 0 : unit.threads }

      # @param (see #up?)
      # @return [Boolean] whether anybody serves: one that hangs does not
      def serving?(rows) = current(rows).any? { |row| !row[:quarantined] }

      # @param (see #up?)
      # @return [Boolean] whether anybody serves, or may yet
      def hope?(rows)
        return true if serving?(rows) || @due.each_key.any? { |unit| !unit.exhausted? }

        begun = @running.each_value.reject { |unit| gone?(unit.index) || unit.exhausted? }
        begun.sum(&:threads) > current(rows).size # those that hang have begun, and no more is to be hoped of them
      end

      private

      def wanted = [*@running.values, *@due.keys]

      def current(rows) = rows.reject { |row| gone?(row[:index]) || row[:relieved] }
    end
  end
end
