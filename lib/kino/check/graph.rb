# frozen_string_literal: true

require "kino/check/advice"
require "kino/check/causes"
require "kino/check/contents"
require "kino/check/finding"
require "kino/check/listing"
require "kino/check/peek"
require "kino/check/rules"

module Kino
  module Check
    # Goes through the objects that an app holds, and says which of them keep it from being shared: those that can
    # never be, procs with what they hold, and whatever is only not frozen.
    #
    # @api private
    class Graph
      # Objects that are looked at.
      LIMIT = 20_000
      # Objects that are not frozen, that are named.
      SHOWN = 5

      # Steps that are named of a long way, from its beginning and from its end.
      STEPS = 8

      # An object, and the last step of the way to it. To keep all of the way for each would take gigabytes for a list
      # whose nodes hold each other.
      Entry = Data.define(:object, :name, :parent, :depth) do
        # @return [Object, nil] what holds it
        def holder = parent&.object

        # @return [String] the way to it
        def path
          steps = []
          entry = self
          while entry
            steps << entry.name
            entry = entry.parent
          end
          steps.reverse!
          steps = [*steps.first(STEPS), " ... ", *steps.last(STEPS)] if steps.size > STEPS * 2
          steps.join
        end
      end

      # @param app [Object]
      # @param label [String] the app's name in paths
      # @param limit [Integer]
      def initialize(app, label: "app", limit: LIMIT)
        @root = Entry.new(object: app, name: label, parent: nil, depth: 0)
        @limit = limit
      end

      # @return [Array<Finding>] the shortest way to each; none for an app that can be shared
      def findings
        return [] if Ractor.shareable?(@root.object)

        @seen = {}.compare_by_identity
        @findings = []
        @unfrozen = []
        @queue = [@root]
        visit(@queue.shift) until @queue.empty?
        report_unfrozen if @unfrozen.any?
        report_unexplained if @findings.none?(&:certain?)
        @findings
      end

      private

      def visit(entry)
        return if @seen.key?(entry.object) || Ractor.shareable?(entry.object)
        return cut if @seen.size >= @limit

        @seen[entry.object] = true
        judge(entry)
        @queue.concat(children(entry))
      end

      def judge(entry)
        object = entry.object
        if Peek.class_of(object) <= Proc then report_proc(entry)
        elsif Rules.never?(object) then report(:unshareable, entry, "#{named(entry)} can never be shared")
        elsif !Peek.frozen?(object) then @unfrozen << entry
        elsif children(entry).empty? then report(:unshareable, entry, "#{named(entry)} cannot be shared")
        end
      end

      def named(entry)
        name = Peek.describe(entry.object)
        entry.equal?(@root) ? name : "#{name} in #{Peek.describe(entry.holder)}"
      end

      def report_proc(entry)
        held = Captures.of(entry.object).reject { |_name, value| Ractor.shareable?(value) }
        what = held.map { |name, value| "#{name} (#{Peek.describe(value)})" }.join(", ")
        text = what.empty? ? "#{named(entry)} was not made shareable" : "#{named(entry)} holds #{what}"
        report(:captured, entry, text, place: Peek.place(entry.object), fix: Advice.for_proc)
      end

      def report(cause, entry, what, place: nil, fix: nil)
        @findings << Finding.new(cause:, certainty: :certain, what:, place: place && Listing.shorten(*place),
                                 path: entry.path, fix: fix || Causes::ALL.fetch(cause).fix)
      end

      # One finding for all of them: one call freezes them. The deepest first, which say most.
      def report_unfrozen
        deepest = @unfrozen.sort_by.with_index { |entry, index| [-entry.depth, index] }
        # The first that was met is the app, or what is nearest to it.
        shown = (deepest.first(SHOWN) + @unfrozen.first(1)).uniq(&:path)
        report(:unfrozen, deepest.first, "not frozen: #{list(shown)}")
      end

      # Ruby says that the app cannot be shared, and nothing that was seen says why.
      def report_unexplained
        report(:unfrozen, @root, "#{named(@root)} cannot be shared, and what keeps it from that was not found",
               fix: "Ractor.make_shareable(app) freezes what it is, or names it")
      end

      def list(entries)
        names = entries.map { |entry| "#{entry.path} (#{Peek.describe(entry.object)})" }
        names << "#{@unfrozen.size - entries.size} more" if @unfrozen.size > entries.size
        names.join(", ")
      end

      def cut
        @queue.clear
        @findings << Finding.new(cause: :cut, certainty: :possible, what: "more than #{@limit} objects", place: nil,
                                 path: @root.path, fix: Causes::ALL.fetch(:cut).fix)
      end

      def children(entry)
        object = entry.object
        own = Peek.ivars(object).map { |name| entry_of(".#{name}", Peek.ivar(object, name), entry) }
        own.concat(Contents.of(object).map { |name, value| entry_of(name, value, entry) })
           .reject { |child| Ractor.shareable?(child.object) }
      end

      def entry_of(name, object, parent) = Entry.new(object:, name:, parent:, depth: parent.depth + 1)
    end
  end
end
