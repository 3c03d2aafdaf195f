# frozen_string_literal: true

require "kino/check/advice"
require "kino/check/budget"
require "kino/check/causes"
require "kino/check/contents"
require "kino/check/finding"
require "kino/check/instruction_list"
require "kino/peek"
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
      # For all of them.
      SECONDS = 5
      # Objects that are not frozen, that are named.
      SHOWN = 5

      # What holds nothing: whether that can be shared is known at once.
      SIMPLE = [String, Symbol, Numeric, NilClass, TrueClass, FalseClass, Module, Regexp].freeze

      # Steps that are named of a long way, from its beginning and from its end.
      STEPS = 8

      # An object, and the last step of the way to it. To keep all of the way for each would take gigabytes for a list
      # whose nodes hold each other.
      Entry = Data.define(:object, :name, :parent, :depth) do
        # @return [Boolean] whether it is a Proc
        def proc? = Peek.kind?(object, Proc)

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
      # @param seconds [Numeric]
      def initialize(app, label: "app", limit: LIMIT, seconds: SECONDS)
        @root = Entry.new(object: app, name: label, parent: nil, depth: 0)
        @limit = limit
        @budget = Budget.new(seconds)
      end

      # @return [Array<Finding>] the shortest way to each; none for an app that can be shared
      def findings
        return [] if Ractor.shareable?(@root.object)

        @seen = {}.compare_by_identity
        @findings = []
        @unfrozen = []
        @queue = [@root]
        @behind = []
        visit(@queue.shift) until @queue.empty?
        visit_behind
        report_unfrozen if @unfrozen.any?
        report_unexplained if @findings.none?(&:certain?)
        @findings
      end

      private

      def visit(entry)
        return if @seen.key?(entry.object)
        return cut("#{@limit} objects") if @seen.size >= @limit
        return cut("could be looked at in #{@budget.seconds} seconds") if @budget.spent?

        @seen[entry.object] = true
        children = children(entry)
        judge(entry, children)
        (entry.proc? ? @behind : @queue).concat(children)
      end

      # What only procs hold is left to those who mend the procs, which have been reported: to freeze it, or to write
      # another proc in another way, helps nobody before. But what can never be shared can be mended at once.
      def visit_behind
        found = @findings.dup
        unfrozen = @unfrozen.dup
        visit(@queue.shift || @behind.shift) until @behind.empty? && @queue.empty?
        @findings = found + (@findings - found).reject { it.cause == :captured }
        @unfrozen = unfrozen
      end

      def judge(entry, children)
        object = entry.object
        if entry.proc? then report_proc(entry)
        elsif Rules.never?(object) then report(:unshareable, entry, "#{named(entry)} can never be shared")
        elsif !Peek.frozen?(object) then @unfrozen << entry
        elsif children.empty? then report(:unshareable, entry, "#{named(entry)} cannot be shared")
        end
      end

      def named(entry)
        name = Peek.describe(entry.object)
        entry.equal?(@root) ? name : "#{name} in #{Peek.describe(entry.parent.object)}"
      end

      def report_proc(entry)
        held = Captures.of(entry.object).reject { |_name, value| Ractor.shareable?(value) }
        what = held.map { |name, value| "#{name} (#{Peek.describe(value)})" }.join(", ")
        text = what.empty? ? "#{named(entry)} was not made shareable" : "#{named(entry)} holds #{what}"
        report(:captured, entry, text, place: Peek.place(entry.object), fix: Advice.for_proc)
      end

      def report(cause, entry, what, place: nil, fix: nil)
        @findings << Finding.new(cause:, certainty: :certain, what:, place: place && InstructionList.shorten(*place),
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

      def cut(limit)
        @queue.clear
        @behind.clear
        @findings << Finding.new(cause: :cut, certainty: :possible, what: "more than #{limit}", place: nil,
                                 path: @root.path, fix: Causes::ALL.fetch(:cut).fix)
      end

      def children(entry)
        object = entry.object
        held = Peek.ivars(object).map { |name| [".#{name}", Peek.ivar(object, name)] } + Contents.of(object)
        unshareable(object, held).map do |name, value|
          Entry.new(object: value, name:, parent: entry, depth: entry.depth + 1)
        end
      end

      # What can be shared if it is frozen and all that it holds can.
      CONTAINERS = [Array, Hash, Struct, Data].freeze
      private_constant :CONTAINERS

      # What is frozen and holds one thing only that may not be shareable, holds that: Ruby would go through all that is
      # behind it to say so, and in a list that is linked once more for each of its links.
      def unshareable(object, held)
        simple, others = held.partition { |_step, value| SIMPLE.any? { Peek.kind?(value, it) } }
        found = simple.reject { |_step, value| Ractor.shareable?(value) }
        return others if others.size == 1 && found.empty? && Peek.frozen?(object) &&
                         CONTAINERS.any? { Peek.kind?(object, it) }

        found + others.reject { |_step, value| Ractor.shareable?(value) }
      end
    end
  end
end
