# frozen_string_literal: true

require "kino/pool/backoff"

module Kino
  module Pool
    # Decides for a {Supervisor}, which holds its lock meanwhile, what becomes of workers that have ended.
    class Settling
      # The stages of those that were told to end.
      TOLD = %i[leaving set_aside].freeze
      private_constant :TOLD

      # @param server_id [Integer] the server in {Native}
      # @param roster [Roster]
      # @param starter [Starter]
      # @param retiring [Retiring]
      def initialize(server_id:, roster:, starter:, retiring:)
        @server_id = server_id
        @roster = roster
        @starter = starter
        @retiring = retiring
      end

      # Decides what becomes of a unit that has ended, or lost a thread.
      #
      # @param number [Integer] see {Launcher#next_end}
      # @param ending [Ending]
      # @param is_whole [Boolean] whether all of it has ended
      # @param is_stopping [Boolean] whether nothing is started any more
      # @yieldparam why [String] nobody serves, or will: the server is to stop
      # @return [Array(Unit, String, Unit)] what has ended, what has happened if that is of interest, and what to
      #   start at once
      def settle(number, ending, is_whole:, is_stopping:, &stop)
        # One that dies while it serves is replaced in its Ractor.
        is_former = @roster.former?(number)
        unit = @roster.strike(number, is_whole:, is_replaced: ending.stage == :serving) or return
        return [unit, leave(unit, ending)] if is_stopping || is_former || unwanted?(unit, ending)
        return [unit, @starter.count_again] if !is_whole && ending.stage == :serving

        again(unit, unit.after(ending), ending, &stop)
      end

      private

      def unwanted?(unit, ending) = @roster.gone?(unit.index) || TOLD.include?(ending.stage)

      def again(unit, successor, ending, &)
        return [unit, "died and is replaced", successor] if successor.failures.zero?

        # First of all, so that it is not lost if what follows raises.
        delay = Backoff.delay(successor.failures)
        @roster.put_off(successor, now + delay)
        final = judge(successor, ending, &) if successor.exhausted?
        [unit, final || "died at boot and is replaced in #{delay.round(2)} s"]
      end

      # @return [String, nil] what becomes of it if it is not to be tried again
      def judge(unit, ending, &)
        rows = Native.stats(@server_id)[:per_worker]
        return stop_for(unit, ending, &) unless @roster.hope?(rows)

        drop(unit) if !unit.has_served && @roster.serving?(rows)
      end

      def stop_for(unit, ending)
        what = "died at boot #{unit.failures} times in a row"
        yield "#{unit.name} #{what}: #{ending.full_message.lines(chomp: true).first}"
        "#{what}, so the server stops"
      end

      def drop(unit)
        @roster.drop(unit)
        "died at boot #{unit.failures} times in a row and is given up (workers now: #{@roster.indexes.size})"
      end

      def leave(unit, ending)
        @retiring.forget(unit.index) unless @roster.running?(unit.index)
        what = "was set aside and has left" if ending.stage == :set_aside
        ending.error ? "died" : what
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
