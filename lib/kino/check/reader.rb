# frozen_string_literal: true

require "kino/check/calls"
require "kino/check/constants"
require "kino/check/effects"
require "kino/check/flow"
require "kino/check/method_summary"
require "kino/check/state"

module Kino
  module Check
    # Reads one method or block: follows the values through its instructions, and notes what a Ractor would refuse.
    #
    # @api private
    class Reader
      include State
      include Constants
      include Calls

      # Instructions that call a method by the name that they carry.
      CALLS = %i[
        send opt_send_without_block sendforward opt_plus opt_minus opt_mult opt_div opt_mod opt_eq opt_neq opt_lt opt_le
        opt_gt opt_ge opt_ltlt opt_and opt_or opt_aref opt_aset opt_length opt_size opt_empty_p opt_succ opt_not
        opt_regexpmatch2
      ].to_h { |name| [name, :call] }.freeze

      # What is done at an instruction, where there is more to it than {Effects} says.
      STEPS = {
        **CALLS,
        getinstancevariable: :read_ivar, setinstancevariable: :write_ivar, getclassvariable: :class_variable,
        setclassvariable: :class_variable, opt_getconstant_path: :constant, getconstant: :scoped_constant,
        setconstant: :write_constant, getglobal: :global, setglobal: :global, defined: :defined,
        objtostring: :to_string,
        putself: :self_value, putobject: :literal, putnil: :nil_value, putstring: :string, putchilledstring: :string,
        newarray: :array, newhash: :hash, duparray: :array_literal, duphash: :hash_literal, pop: :drop,
        dup: :duplicate, dupn: :duplicate_many, swap: :swap, opt_reverse: :reverse, topn: :top, setn: :set,
        getlocal: :read_local, setlocal: :write_local, getblockparamproxy: :own_block, getblockparam: :own_block,
        branchif: :branch_if, branchunless: :branch_unless, branchnil: :branch_nil, jump: :jump, leave: :leave,
        throw: :throw_out, opt_new: :allocate, opt_nil_p: :nil_question, invokesuper: :call_super,
        invokesuperforward: :call_super, invokeblock: :yield_block, once: :once, opt_aset_with: :call_with_key,
        opt_aref_with: :call_with_key, checkkeyword: :check_keyword, expandarray: :spread
      }.freeze

      # @param routine [MethodSummary] to be filled
      # @param code [Code] where other methods are found
      def initialize(routine, code)
        @routine = routine
        @code = code
        @made = {}
        @position = MethodSummary::WHOLE
        @steps = 0
      end

      # @return [MethodSummary]
      attr_reader :routine

      # @return [Boolean] whether what is raised where it reads raises to somebody who has provided for that
      def expected? = @routine.expected?(@position)

      # @param parameters [Parameters]
      # @return [MethodSummary]
      def read(parameters)
        @parameters = parameters
        locals = parameters.locals.reject { |index, _value| @routine.listing.set_within?(index) }
        @routine.settled.merge!(locals.select { |index, _value| @routine.listing.kept?(index) })
        flow = catch(:late) do
          Flow.new(@routine.listing, parameters.entries, locals) { |position, state| step(position, state) }.run
        end
        flow ? read_rescues(flow) : @routine.returns(Values::UNKNOWN)
        @routine.finish(flow)
      end

      # Steps after which the time is looked at: some methods are enormous.
      PACE = 100
      private_constant :PACE

      private

      def step(position, state)
        @steps += 1
        throw :late, @code.cut if (@steps % PACE).zero? && @code.late?

        @position = position
        @state = state
        @routine.restart(position)
        instruction = @routine.listing.instructions.fetch(position)
        name = STEPS[instruction.op]
        return plain(instruction) unless name

        targets = send(name, *instruction.operands)
        targets if targets.is_a?(Array) && targets.frozen?
      end

      # Only frozen arrays are targets: what a step happens to return otherwise is not.
      def goes_to(*positions) = positions.freeze

      def push(value)
        @state.stack.push(value)
        nil
      end

      def plain(instruction)
        taken, put = Effects.of(instruction)
        return @state.stack.clear && nil unless taken

        @state.take(taken)
        put.times { push(Values::UNKNOWN) }
        nil
      end

      # What an instruction makes is the same each time that it is looked at, or the values would never settle.
      def made(&) = push(@made[@position] ||= yield)

      # Of several that may be called, or meant, each is only possible.
      def doubting(is_doubtful)
        before = @is_doubtful
        @is_doubtful ||= is_doubtful
        yield
      ensure
        @is_doubtful = before
      end

      # @param by [MethodSummary, Symbol, nil] see {MethodSummary::Call}
      # @return [MethodSummary, Symbol, nil] the same, or :maybe
      def decided(by) = @is_doubtful ? :maybe : by

      # The handlers of a rescue, which are code of their own and may run.
      def read_rescues(flow)
        @state = Flow::State.new([], {}) # what has been set by then is not known
        @routine.listing.catches.each do |caught|
          next unless caught.type == :rescue && flow.reached?(caught.from)

          @routine.calls(caught.target, @code.block(nested_block(caught.handler)), by: :maybe)
        end
      end

      def self_value = push(@routine.receiver)
      def literal(object) = push(Values::Known.new(object))
      def nil_value = push(Values::NIL)
      def own_block(*) = push(Values::OWN_BLOCK)
      def string(literal) = made { Values::NewObject.new(String, literal:) }
      def array_literal(_object) = made { Values::NewObject.new(Array) }
      def hash_literal(_object) = made { Values::NewObject.new(Hash) }

      def array(count) = push(Values::Tuple.new(@state.take(count)))

      def hash(count)
        @state.take(count)
        made { Values::NewObject.new(Hash) }
      end

      def drop
        @state.pop
        nil
      end

      def duplicate = push(@state.peek)

      def duplicate_many(count)
        @state.stack.concat(Array.new(count) { |index| @state.peek(count - 1 - index) })
        nil
      end

      def top(depth) = push(@state.peek(depth))
      def swap = reverse(2)

      def reverse(count)
        @state.stack.concat(@state.take(count).reverse)
        nil
      end

      def set(depth)
        @state.stack.unshift(Values::UNKNOWN) until @state.stack.size > depth
        @state.stack[-1 - depth] = @state.peek
        nil
      end

      def once(code, _cache)
        run_block(nested_block(@routine.listing.nested(code)), by: :maybe)
        push(Values::UNKNOWN)
      end

      def branch_if(label) = branch(label, @state.pop.truth)
      def branch_unless(label) = branch(label, @state.pop.truth.then { |truth| truth.nil? ? nil : !truth })

      def branch_nil(label)
        branch(label, nil_or_not(@state.pop))
      end

      def branch(label, taken)
        target = @routine.listing.position(label)
        case taken
        when nil then goes_to(target, @position + 1)
        when true then goes_to(target)
        else goes_to(@position + 1)
        end
      end

      def jump(label) = goes_to(@routine.listing.position(label))

      def check_keyword(_bits, number)
        given = @parameters.given?(number)
        push(given.nil? ? Values::UNKNOWN : Values::Known.new(given))
      end

      def leave
        @routine.returns(@state.pop)
        goes_to
      end

      # A `return`, `break` or `next` from within, or what a rescue passes on.
      def throw_out(kind)
        value = @state.pop
        @routine.returns(Values::UNKNOWN) if @routine.listing.type == :block
        @routine.outermost.returns(value) if kind & InstructionList::KIND == InstructionList::RETURN
        goes_to
      end
    end
  end
end
