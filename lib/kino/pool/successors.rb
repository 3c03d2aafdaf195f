# frozen_string_literal: true

require "kino/pool/threads"

module Kino
  module Pool
    # Workers on threads that take the place of Ractors, see {Demotion}. What the Ractors that are left still say of
    # their end is heard here too: there is one wait, the native one, and a thread that ends wakes it.
    class Successors < Threads
      # @param ractors [Ractors]
      # @param about [Hash{Symbol => Object}] what {Launcher} takes
      def initialize(ractors, **about)
        super(**about)
        @ractors = ractors
      end

      # (see Launcher#next_end)
      def next_end(seconds) = super(0) || @ractors.next_end(seconds)

      # (see Launcher#note)
      def note(number, ending)
        super
        wake
      end

      # (see Launcher#wake)
      def wake = @ractors.wake

      private

      # They take what the Ractors have put back.
      def work_of(unit) = super.merge(relief: true)
    end
  end
end
