# frozen_string_literal: true

require "kino/peek"
require "kino/errors"

module Kino
  # Tells why an object is not a Rack app, before the first request would. Calls none of its methods.
  #
  # @api private
  module NoApp
    class << self
      # @param app [Object]
      # @return [String, nil] nil if it is a Rack app
      def reason(app)
        why = fault(app)
        "#{Peek.describe(app)} is not a Rack app, because #{why}" if why
      end

      # @param app [Object]
      # @return [#call] the app
      # @raise [AppLoadError] if it is not one
      def refuse(app)
        reason = reason(app)
        reason ? raise(AppLoadError, reason) : app
      end

      private

      def fault(app)
        method = Peek.method_of(app, :call)
        return ("it has no call method" unless answers?(app)) unless method
        return "its call method is private" unless Peek.public?(Peek.holder(app), :call)

        "its call method does not take one argument" unless takes_one?(arity(app, method))
      end

      # Whether it has a method_missing of its own.
      def answers?(app)
        method = Peek.method_of(app, :method_missing)
        method && !Peek.same?(method.owner, BasicObject)
      end

      def arity(app, method)
        return method.arity unless Peek.kind?(app, Proc) && Peek.same?(method.owner, Proc)

        Peek.lambda?(app) ? Peek.proc_arity(app) : -1
      end

      def takes_one?(arity) = arity == 1 || arity.between?(-2, -1)
    end
  end
end
