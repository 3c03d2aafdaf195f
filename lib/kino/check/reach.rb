# frozen_string_literal: true

require "kino/check/causes"
require "kino/check/finding"

module Kino
  module Check
    # Goes from the app's `call` to all that was read, by the calls that are made each time first, and gives the
    # findings with the shortest way to each.
    #
    # @api private
    class Reach
      # Calls that are named of a long way, from its beginning and from its end.
      SHOWN = 4

      # @param what [String] what kept the check from reading all
      # @param path [String] where it began
      # @return [Finding]
      def self.cut(what, path)
        Finding.new(cause: :cut, certainty: :possible, what:, place: nil, path:, fix: Causes::ALL.fetch(:cut).fix)
      end

      # @param note [MethodSummary::Note]
      # @param routine [MethodSummary] in which it stands
      # @param path [String] how that is reached
      # @param is_certain [Boolean] whether every request meets it
      # @return [Finding]
      def self.finding(note, routine, path:, is_certain: false)
        fix = note.fix.is_a?(Proc) ? note.fix.call : note.fix
        Finding.new(cause: note.cause, certainty: is_certain ? :certain : :possible, what: note.what,
                    place: routine.listing.place(note.position), path:,
                    fix: fix || Causes::ALL.fetch(note.cause).fix)
      end

      # @param labels [Array<String, nil>] of methods, the first that is called before the last
      # @return [String] the way through them
      def self.way(labels)
        steps = labels.compact.chunk_while { |one, next_one| one == next_one }.map(&:first)
        steps = [*steps.first(SHOWN), "...", *steps.last(SHOWN)] if steps.size > SHOWN * 2
        steps.join(" -> ")
      end

      # @param root [MethodSummary]
      def initialize(root)
        @root = root
      end

      # @param cut [String, nil] what kept the check from reading more
      # @return [Array<Finding>] certain ones first, one for each thing at each place
      def findings(cut: nil)
        @from = {}.compare_by_identity
        certain = reach([@root]) { |routine, call| routine.runs_certainly?(call) }
        possible = reach(certain) { true }
        certain_ones = certain.flat_map { |routine| of(routine) { |position| routine.certain?(position) } }
        others = possible.flat_map { |routine| of(routine) { false } }
        found = (certain_ones + others).sort_by { it.certain? ? 0 : 1 }.uniq { [it.cause, it.what, it.place] }
        @reached = possible
        cut ? [*found, self.class.cut(cut, @root.label)] : found
      end

      # To be asked after {#findings}.
      #
      # @return [Array<ProcSite>] where requests make Procs, one for each place
      def procs
        sites = @reached.flat_map do |routine|
          routine.new_procs.map do |new_proc|
            ProcSite.new(what: new_proc.what, place: routine.listing.place(new_proc.position), path: path(routine))
          end
        end
        sites.uniq { [it.what, it.place] }
      end

      private

      # @return [Array<MethodSummary>] those given, and what can be reached from them
      def reach(routines)
        found = {}.compare_by_identity
        routines.each { |routine| found[routine] = true }
        queue = routines.dup
        while (routine = queue.shift)
          routine.all_calls.each do |call|
            next if found.key?(call.target) || !yield(routine, call)

            found[call.target] = true
            @from[call.target] ||= routine
            queue << call.target
          end
        end
        found.keys
      end

      def of(routine)
        routine.notes.map do |note|
          self.class.finding(note, routine, path: path(routine),
                                            is_certain: note.is_sure && yield(note.position))
        end
      end

      def path(routine)
        labels = []
        while routine
          labels.unshift(routine.label)
          routine = @from[routine]
        end
        self.class.way(labels)
      end
    end
  end
end
