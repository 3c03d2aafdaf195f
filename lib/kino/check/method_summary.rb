# frozen_string_literal: true

require "kino/check/values"

module Kino
  module Check
    # A method or block with what it is called on: what is found in it, and what it calls.
    #
    # @api private
    class MethodSummary
      # Something found: where in the instructions, and what; `is_sure` unless it depends on more than on getting there.
      # `fix` is a String, a callable that gives one once all has been read, or nil.
      Note = Data.define(:position, :cause, :what, :fix, :is_sure)
      # A place where a Proc is made, which is no finding: it only costs.
      NewProc = Data.define(:position, :what)
      # The position of what is said of the method as a whole.
      WHOLE = -1
      # A call. `by` says who decides whether a block runs: the method that gets it, or :maybe for Ruby's own; nil
      # where it runs in any case.
      Call = Data.define(:position, :target, :by)

      # @return [InstructionList]
      attr_reader :listing
      # @return [Object] the value of self
      attr_reader :receiver
      # @return [Scope] where its constants are looked up
      attr_reader :scope
      # @return [UnboundMethod, nil] where `super` begins; nil in a block of no method
      attr_reader :method
      # @return [MethodSummary, nil] what is around a block
      attr_reader :outer
      # @return [Object] the value of the variables of a Proc's surroundings, see {Surroundings.kept}
      attr_reader :kept
      # @return [String] its name in the report
      attr_reader :label
      # @return [Hash{Integer => Object}] local variables that do not change: what the block that is read sees
      attr_reader :settled
      # @return [Object] the value that it returns
      attr_reader :result

      # @param listing [InstructionList]
      # @param receiver [Object]
      # @param label [String]
      # @param scope [Scope]
      # @param around [Hash] `method:` (UnboundMethod), `outer:` (MethodSummary) and `kept:` (a value), if any
      def initialize(listing:, receiver:, label:, scope:, **around)
        @listing = listing
        @receiver = receiver
        @label = label
        @scope = scope
        @method = around[:method]
        @outer = around[:outer]
        @kept = around[:kept] || Values::UNKNOWN
        @settled = {}
        @result = nil
        @events = Hash.new { |events, position| events[position] = [] }
        @yields = []
      end

      # @return [void] begins an instruction anew
      def restart(position)
        @events.delete(position)
      end

      # @return [void]
      def note(position, cause, what, fix: nil, is_sure: true)
        @events[position] << Note.new(position:, cause:, what:, fix:, is_sure:)
      end

      # @param target [MethodSummary]
      # @param by [MethodSummary, nil] see {Call}
      # @return [void]
      def calls(position, target, by: nil)
        @events[position] << Call.new(position:, target:, by:)
      end

      # @param what [String] how the Proc comes about
      # @return [void]
      def makes_proc(position, what)
        @events[position] << NewProc.new(position:, what:)
      end

      # Its own block is called there, or passed on.
      # @param by [MethodSummary, Symbol, nil] see {Call}
      # @return [void]
      def yields(position, by: nil)
        @yields |= [[position, by]]
      end

      # The block that it is given may end the call: what comes after it may not run.
      # @return [void]
      def interrupt
        return if @is_interrupted

        @is_interrupted = true
        nested_calls.each { it.target.interrupt }
      end

      # @return [MethodSummary] the method that a `return` ends
      def outermost = outer&.outermost || self

      # @param value [Object] one that it may return
      # @return [void]
      def returns(value)
        @result = @result ? Values.join(@result, value) : value
      end

      # @param flow [Flow] over its instructions, done
      # @return [self]
      def finish(flow)
        @flow = flow
        self
      end

      # @return [Boolean] whether it is known not to come back
      def endless? = @flow && @result.nil? && @listing.type != :block

      # @return [Array<Note>]
      def notes = events.grep(Note)

      # @return [Array<NewProc>]
      def new_procs = events.grep(NewProc)

      # @return [Array<Array(MethodSummary, Note)>] its own notes, and those of the blocks in it that may run
      def notes_within
        blocks = nested_calls.map(&:target).uniq
        [self, *blocks].flat_map do |routine|
          equal?(routine) ? notes.map { |note| [self, note] } : routine.notes_within
        end
      end

      # @param position [Integer]
      # @return [Boolean] whether what is there raises to somebody who has provided for Ractors, by name
      def expected?(position) = @listing.catches.any? { it.include?(position) && expects?(it) }

      # @return [Array<Call>]
      def all_calls = events.grep(Call)

      # @return [Boolean] whether what is there runs each time, and nobody rescues what it raises
      def certain?(position)
        return true if position == WHOLE
        return false if position > @listing.first_exit || (@is_interrupted && position > @listing.first_call)

        @flow&.certain?(position) && @listing.catches.none? { it.include?(position) && shields?(it) }
      end

      # @return [Boolean] whether its block may be called
      def yields?
        return true if @yields.any? || @listing.block_parameter?

        # One that calls itself is asked before it has been read.
        @flow ? nested_calls.any? { it.target.yields? } : @listing.block_used?
      end

      # Asked once it has been read. What it calls may ask it in turn, which is no reason for its block to be called.
      #
      # @return [Boolean] whether its block is called each time
      def yields_certainly?
        return @yields_certainly unless @yields_certainly.nil?

        @yields_certainly = false
        @yields_certainly = @yields.any? { |position, by| certain?(position) && calls_certainly?(by) } ||
                            nested_calls.any? { runs_certainly?(it) && it.target.yields_certainly? }
      end

      # @param call [Call] one of its own
      # @return [Boolean] whether it is made each time
      def runs_certainly?(call) = certain?(call.position) && calls_certainly?(call.by)

      private

      def calls_certainly?(by) = by != :maybe && (by.nil? || by.yields_certainly?)

      def nested_calls = all_calls.select { equal?(it.target.outer) && !equal?(it.target) }

      # But for those for which somebody has provided by name.
      def events
        @events.flat_map { |position, events| expected?(position) ? [] : events }
      end

      def expects?(caught)
        caught.type == :rescue && rescued(caught).any? { |path| path.first == :Ractor }
      end

      def rescued(caught)
        caught.handler.instructions.select { it.op == :opt_getconstant_path }.map { it.operands.first }
      end

      # Whether Ractor::IsolationError, a StandardError, ends there.
      def shields?(caught)
        return caught.handler.instructions.any? { it.op == :throw && it.operands != [0] } if caught.type == :ensure
        return false unless caught.type == :rescue

        classes = rescued(caught)
        classes.empty? || classes.any? { |path| rescues?(path) }
      end

      def rescues?(path)
        type = @scope.find(path).value
        !Peek.module?(type) || Peek.descends?(Ractor::IsolationError, type)
      end
    end
  end
end
