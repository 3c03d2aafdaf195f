# frozen_string_literal: true

require "kino/check/method_summary"

module Kino
  module Check
    # All methods of a receiver, where it is called by a name that comes about in the request. It stands between those
    # who call so and the methods: many a program has many of both.
    #
    # @api private
    class Fan
      # @return [Array<MethodSummary::Call>]
      attr_reader :all_calls

      def initialize = @all_calls = []

      # @param routine [MethodSummary]
      # @return [void]
      def add(routine)
        @all_calls << MethodSummary::Call.new(position: MethodSummary::WHOLE, target: routine, by: :maybe)
      end

      # @return [nil] it is not named on the way
      def label = nil
      # @return [nil] it is in no method
      def outer = nil
      # @return [Array]
      def notes = []
      # @return [Array]
      def new_procs = []
      # @return [Boolean]
      def runs_certainly?(_call) = false
    end
  end
end
