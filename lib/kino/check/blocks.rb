# frozen_string_literal: true

module Kino
  module Check
    # How {Reader} takes what a call makes or is given: the object of a `new`, and blocks.
    #
    # @api private
    module Blocks
      private

      # `Foo.new`, since Ruby 4.0: the object takes its two places on the stack, and `initialize` is called next.
      def allocate(info, label)
        count = info[:orig_argc] + info.fetch(:kw_arg, []).size
        type = @state.peek(count)
        made = made_by(type) if type.is_a?(Values::Known)
        return goes_to(@routine.listing.position(label)) unless made

        arguments = @state.take(count)
        @state.take(2)
        [made, made, *arguments].each { |value| push(value) }
        nil
      end

      def made_by(type)
        method = type.method(:new) if Peek.module?(type.object)
        @code.made(type.object) if method && Peek.same?(method.owner, Class)
      end

      def nested_block(listing)
        settle_locals
        Values::Block.new(listing:, receiver: @routine.receiver, frame: @routine)
      end

      # @param block [Values::Block, Object, nil] what a call is given
      # @param by [MethodSummary, Symbol, nil] see {MethodSummary::Call}
      # @param receiver [Object, nil] what self is in it, where that differs
      # @param elements [Array, nil] what it is called with, one after the other
      # @return [void]
      def run_block(block, by:, receiver: nil, elements: nil)
        block = block.block if block.is_a?(Values::Closure)
        case block
        when Values::Block
          block = block.with(receiver:) if receiver
          calls(@code.block(block, Parameters.of_elements(block.listing, elements)), by:)
        when Values::OwnBlock then @routine.yields(@position, by: decided(by))
        when Values::Bound then doubting(true) { call_one(block.receiver, Calls::Request.plain(block.name).vague) }
        when Values::Known then run_known(block, by:, elements:)
        when Values::NewObject then call_to_proc(block)
        end
      end

      def run_known(block, by:, elements:)
        return call_by_symbol(block.object, elements) if Peek.kind?(block.object, Symbol)

        run_proc(block, by:) || call_to_proc(block)
      end

      def run_proc(value, by:)
        return unless Peek.kind?(value.object, Proc)

        routine = @code.proc(value)
        calls(routine, by:) if routine
        routine
      end
    end
  end
end
