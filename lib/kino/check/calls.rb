# frozen_string_literal: true

require "kino/check/blocks"
require "kino/check/native_calls"
require "kino/check/new_procs"
require "kino/check/requests"

module Kino
  module Check
    # How {Reader} takes the instructions that call methods: it finds what would run, by the receiver where that is
    # known, and has it read.
    #
    # @api private
    module Calls
      include Blocks
      include NativeCalls
      include NewProcs
      include Requests

      private

      def call(info, code = nil, *)
        request = take_request(info, code)
        receiver = @state.pop
        note_proc(receiver, request)
        dispatch(receiver, request)
      end

      # @return [Array, nil] targets as {Flow} wants them
      def dispatch(receiver, request)
        return own_block_called if receiver.is_a?(Values::OwnBlock)

        values = Values.each(receiver)
        return unknown_receiver(request) if values.empty?

        return choose(receiver, values, request) if receiver.is_a?(Values::Union)

        result = call_one(values.first, request)
        result == :ends ? goes_to : push(result)
      end

      # One of them is called, and none of them for certain. What does not have the method is not that one: nothing
      # comes back from there.
      def choose(receiver, values, request)
        able = values.select { able?(it, request.name) }
        able = values if able.empty?
        results = doubting(true) { able.map { |value| call_one(value, request) } } - [:ends]
        return goes_to if results.empty?

        result = results.reduce { |one, two| Values.join(one, two) }
        push(receiver.is_a?(Values::Doubtful) ? Values.doubt(result) : result)
      end

      def able?(value, name) = value.method(name) || own_missing?(value.method(:method_missing))

      def own_missing?(method) = method && !Peek.same?(method.owner, BasicObject)

      # A call that is made where the reader is, if it is made.
      #
      # @param routine [MethodSummary]
      # @param by [MethodSummary, Symbol, nil] see {MethodSummary::Call}
      # @return [void]
      def calls(routine, by: nil) = @routine.calls(@position, routine, by: decided(by))

      def own_block_called
        @routine.yields(@position)
        push(Values::UNKNOWN)
      end

      def unknown_receiver(request)
        return goes_to if request.is_own && Rules::ENDINGS.include?(request.name)

        run_block(request.block, by: :maybe)
        call_named(request.name) if request.name # which `super` has not, in a block of no method
        push(Values::UNKNOWN)
      end

      # @return [Object, Symbol] the value of the result, or :ends
      def call_one(value, request)
        method = value.method(request.name)
        return call_missing(value, request) unless method
        return Values::UNKNOWN if require?(method)
        return load_file if method.name == :load && Peek.same?(method.owner, Kernel)

        enter(value, method, request) || call_native(value, method, request)
      end

      # Whatever RubyGems and Bundler have made of it, blocks even: in a Ractor Ruby asks the main one to do it, by a
      # method that it puts before theirs once the first Ractor is made.
      def require?(method) = method.name == :require && Peek.same?(method.owner, Kernel)

      def load_file
        note(:not_loaded, "a file is loaded", is_sure: false)
        Values::UNKNOWN
      end

      def call_missing(value, request)
        method = value.method(:method_missing)
        return Values::UNKNOWN unless own_missing?(method)

        enter(value, method, request.vague) || Values::UNKNOWN
      end

      # @return [Object, Symbol, nil] the value of the result, or :ends; nil if the method is not written in Ruby
      def enter(value, method, request)
        routine = @code.routine(method, value, request) or return
        calls(routine)
        note_kept_block(routine, request.block)
        routine.interrupt if breaks_out?(request.block)
        run_block(request.block, by: routine) if routine.yields?
        routine.endless? ? :ends : routine.result || Values::UNKNOWN
      end

      def breaks_out?(block)
        block = block.block if block.is_a?(Values::Closure)
        block.is_a?(Values::Block) && block.listing.breaks_out?
      end

      def call_super(info, code = nil, *)
        request = take_request(info, code)
        request = request.with(block: Values::OWN_BLOCK) unless request.block # which is passed on without a word
        @state.pop
        method = @routine.method&.super_method
        return unknown_receiver(request) unless method && !unknown_self?

        result = super_result(method, request.with(name: method.name))
        result == :ends ? goes_to : push(result)
      end

      def super_result(method, request)
        enter(@routine.receiver, method, request) || call_native(@routine.receiver, method, request)
      end

      def unknown_self? = @routine.receiver.is_a?(Values::Anything)

      def yield_block(info)
        @state.take(info[:orig_argc] + info.fetch(:kw_arg, []).size)
        own_block_called
      end
    end
  end
end
