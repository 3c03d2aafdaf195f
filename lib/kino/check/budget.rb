# frozen_string_literal: true

module Kino
  module Check
    # How long the check may go on, in seconds of the processor: other work on the machine does not count. What it has
    # not looked at by then it says that it has not.
    #
    # @api private
    class Budget
      # @return [Numeric]
      attr_reader :seconds

      # @param seconds [Numeric] from now on
      def initialize(seconds)
        @seconds = seconds
        @start = now
      end

      # @return [Boolean] whether it is over
      def spent? = now - @start > @seconds

      private

      def now = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID)
    end
  end
end
