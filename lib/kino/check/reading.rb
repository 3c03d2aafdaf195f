# frozen_string_literal: true

require "kino/check/values"

module Kino
  module Check
    # How a block was read: what it was called with, and what it saw of the variables around it. Where it is met again
    # with more than that, it has to be read again.
    #
    # @api private
    class Reading
      # @return [MethodSummary]
      attr_reader :routine

      # @param routine [MethodSummary] of the block
      def initialize(routine)
        @routine = routine
      end

      # @param parameters [Parameters]
      # @yieldparam parameters [Parameters] of all calls so far; to read the block with
      # @return [MethodSummary]
      def read(parameters, &)
        widen(parameters)
        repeat(&) unless @is_busy
        @routine
      end

      private

      def widen(parameters)
        seen = around
        return if @seen && within?(seen, parameters)

        @seen = seen
        @parameters = @parameters ? @parameters.join(parameters) : parameters
        @is_due = true
      end

      def repeat
        @is_busy = true
        while @is_due
          @is_due = false
          yield @parameters
        end
      ensure
        @is_busy = false
      end

      def around
        frames = [@routine.outer]
        frames << frames.last.outer while frames.last.outer
        frames.map { |frame| frame.settled.dup }
      end

      def within?(seen, parameters)
        covers?(@parameters.locals, parameters.locals) &&
          @seen.zip(seen).all? { |before, now| covers?(before, now) }
      end

      def covers?(before, now)
        before.all? do |index, value|
          value.is_a?(Values::Anything) || (now.key?(index) && Values.join(value, now[index]).equal?(value))
        end
      end
    end
  end
end
