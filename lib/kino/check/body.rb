# frozen_string_literal: true

require "kino/check/parameters"
require "kino/check/requests"
require "kino/check/values"

module Kino
  module Check
    # What a server calls of the response's body.
    #
    # @api private
    module Body
      # By name, with what it is called.
      CALLS = { each: [], call: [Values::UNKNOWN], close: [] }
              .to_h { |name, arguments| [name, Requests::Request.plain(name, *arguments)] }.freeze
      private_constant :CALLS

      class << self
        # @param response [Object] a value
        # @param code [Code]
        # @yieldparam routine [MethodSummary] one that may be called
        # @return [void]
        def each_call(response, code, &)
          Values.each(response).grep(Values::Tuple).each do |tuple|
            Values.each(tuple.elements[2] || Values::UNKNOWN).flat_map { |body| calls(body, code) }.each(&)
          end
        end

        private

        def calls(body, code)
          case body
          when Values::Closure then [code.block(body.block, Parameters.new(body.block.listing))]
          when Values::Known then Peek.kind?(body.object, Proc) ? [*code.proc(body)] : methods_of(body, code)
          else methods_of(body, code)
          end
        end

        def methods_of(body, code)
          CALLS.filter_map do |name, request|
            method = body.method(name)
            code.routine(method, body, request) if method
          end
        end
      end
    end
  end
end
