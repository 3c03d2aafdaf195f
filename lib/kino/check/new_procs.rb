# frozen_string_literal: true

require "kino/check/values"

module Kino
  module Check
    # How {Reader} notes where a request makes a Proc. A block that is only yielded to makes none, nor does one that a
    # method passes on as it is (`&block`), nor a Symbol (`&:name`).
    #
    # @api private
    module NewProcs
      # Ruby's own classes whose `new` keeps the block that it is given.
      KEEPING = [Proc, Hash, Enumerator, Enumerator::Lazy, Thread, Fiber, TracePoint].freeze
      # Ruby's own methods that make a Proc of their block, where they are called without a receiver or on any.
      MAKING = %i[lambda proc].freeze
      KEEPING_METHODS = %i[define_method define_singleton_method to_enum enum_for at_exit trap].freeze
      # What a Proc or a Method is asked for to get another Proc.
      DERIVING = %i[to_proc curry >> <<].freeze
      private_constant :KEEPING, :MAKING, :KEEPING_METHODS, :DERIVING

      private

      # @param receiver [Object] of a call
      # @param request [Requests::Request]
      # @return [void]
      def note_proc(receiver, request)
        what = of_method_object(receiver, request) ||
               (of_literal(receiver, request) if request.block.is_a?(Values::Block))
        @routine.makes_proc(@position, what) if what
      end

      # @param routine [MethodSummary] that is given the block
      # @return [void]
      def note_kept_block(routine, block)
        return unless [Values::Block, Values::OwnBlock].any? { block.is_a?(it) } && routine.listing.block_kept?

        @routine.makes_proc(@position, "a block becomes a Proc in #{routine.label}, which takes it as &block")
      end

      def of_method_object(receiver, request)
        return "a method becomes a Proc (&method)" if request.block.is_a?(Values::Bound)
        return unless DERIVING.include?(request.name)

        "#{request.name} makes a Proc" if receiver.is_a?(Values::Bound) || receiver.is_a?(Values::Closure)
      end

      def of_literal(receiver, request)
        return "a #{request.name} is made" if MAKING.include?(request.name) && request.is_own
        return "#{request.name} makes a Proc of its block" if KEEPING_METHODS.include?(request.name)

        "#{Peek.title(receiver.object)}.new makes a Proc of its block" if keeping?(receiver, request)
      end

      def keeping?(receiver, request)
        request.name == :new && receiver.is_a?(Values::Known) && KEEPING.any? { Peek.same?(receiver.object, it) }
      end
    end
  end
end
