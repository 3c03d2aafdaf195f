# frozen_string_literal: true

require "kino/check/values"

module Kino
  module Check
    # How {Reader} takes a call from the stack.
    #
    # @api private
    module Requests
      # A call as the code has it. `arguments` are those without keywords, nil where their number is not known;
      # `keywords` is nil where they are not known; `block` is a {Values::Block}, some other value that is passed with
      # `&`, or nil; `is_own` says that there is no receiver.
      Request = Data.define(:name, :arguments, :keywords, :block, :is_own) do
        # @return [Request] one that says no more than that
        def self.plain(name, *arguments) = new(name:, arguments:, keywords: {}, block: nil, is_own: false)

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
    end
  end
end
