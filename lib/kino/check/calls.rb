# frozen_string_literal: true

require "kino/check/blocks"
require "kino/check/native_calls"

module Kino
  module Check
    # How {Reader} takes the instructions that call methods: it finds what would run, by the receiver where that is
    # known, and has it read.
    #
    # @api private
    module Calls
      include Blocks
      include NativeCalls

      # A call as the code has it. `arguments` are those without keywords, nil where their number is not known;
      # `keywords` is nil where they are not known; `block` is a {Values::Block}, some other value that is passed with
      # `&`, or nil; `is_own` says that there is no receiver.
      Request = Data.define(:name, :arguments, :keywords, :block, :is_own) do
        # @return [Object]
        def first = arguments&.first || Values::UNKNOWN

        # @return [Request] with another method and the arguments behind the first
        def behind_first(name) = with(name:, arguments: arguments&.drop(1))

        # @return [Request] with arguments that are not known
        def vague = with(arguments: nil, keywords: nil)
      end

      # Bits of the flags of a call, as the VM has them.
      SPLAT = 1
      # with &block
      BLOCK = 2
      # on self, written without it
      OWN = 4
      # with **
      KEYWORD_SPLAT = 64
      # with ..., which is one value on the stack for all that was given, the block too
      FORWARDING = 8192

      private

      def call(info, code = nil, *)
        request = take_request(info, code)
        dispatch(@state.pop, request)
      end

      # `hash["key"]` and `hash["key"] = value`, where Ruby 3.4 has the key in the instruction.
      def call_with_key(key, info)
        values = @state.take(info[:orig_argc] - 1)
        dispatch(@state.pop, Request.new(name: info[:mid], arguments: [Values::Known.new(key), *values], keywords: {},
                                         block: nil, is_own: false))
      end

      def take_request(info, code)
        flag = info[:flag]
        block = take_block(flag, code)
        names = info.fetch(:kw_arg, [])
        arguments = @state.take(info[:orig_argc] + names.size)
        keywords = names.zip(arguments.pop(names.size)).to_h
        arguments, keywords = nil if flag.anybits?(SPLAT | KEYWORD_SPLAT | FORWARDING)
        Request.new(name: info[:mid], arguments:, keywords:, block:, is_own: flag.anybits?(OWN))
      end

      def take_block(flag, code)
        value = @state.pop if flag.anybits?(BLOCK | FORWARDING)
        return nested_block(@routine.listing.nested(code)) if code.is_a?(Array)

        flag.anybits?(FORWARDING) ? Values::OWN_BLOCK : value
      end

      # @return [Array, nil] targets as {Flow} wants them
      def dispatch(receiver, request)
        return own_block_called if receiver.is_a?(Values::OwnBlock)

        values = Values.each(receiver)
        return unknown_receiver(request) if values.empty?

        return choose(receiver, values, request) if receiver.is_a?(Values::Several)

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

      def able?(value, name) = value.method(name) || !value.method(:method_missing)&.owner.equal?(BasicObject)

      # A call that is made where the reader is, if it is made.
      #
      # @param routine [Routine]
      # @param by [Routine, Symbol, nil] see {Routine::Call}
      # @return [void]
      def calls(routine, by: nil) = @routine.calls(@position, routine, by: decided(by))

      def own_block_called
        @routine.yields(@position)
        push(Values::UNKNOWN)
      end

      def unknown_receiver(request)
        return goes_to if request.is_own && Rules::ENDINGS.include?(request.name)

        run_block(request.block, by: :maybe)
        push(Values::UNKNOWN)
      end

      # @return [Object, Symbol] the value of the result, or :ends
      def call_one(value, request)
        method = value.method(request.name)
        return call_missing(value, request) unless method
        return Values::UNKNOWN if require?(method)

        enter(value, method, request) || call_native(value, method, request)
      end

      # Whatever RubyGems and Bundler have made of it, blocks even: in a Ractor Ruby asks the main one to do it, by a
      # method that it puts before theirs once the first Ractor is made.
      def require?(method) = method.name == :require && method.owner.equal?(Kernel)

      def call_missing(value, request)
        method = value.method(:method_missing)
        return Values::UNKNOWN if method.nil? || method.owner.equal?(BasicObject)

        enter(value, method, request.vague) || Values::UNKNOWN
      end

      # @return [Object, Symbol, nil] the value of the result, or :ends; nil if the method is not written in Ruby
      def enter(value, method, request)
        routine = @code.routine(method, value, request) or return
        calls(routine)
        run_block(request.block, by: routine) if routine.yields?
        routine.endless? ? :ends : routine.result || Values::UNKNOWN
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
