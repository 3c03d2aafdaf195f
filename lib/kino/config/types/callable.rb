# frozen_string_literal: true

require "kino/config/types/type"

module Kino
  module Config
    module Types
      # A hook, or nil. It cannot be given on a command line.
      class Callable < Type
        # @return [Array<String>] names of its parameters
        attr_reader :parameters

        # @param parameters [Array<String>] names of its parameters
        # @param in_worker [Boolean] whether it is called in a worker, and must be shareable in ractor mode
        def initialize(parameters: [], in_worker: false)
          super()
          @parameters = parameters
          @in_worker = in_worker
        end

        # @return [Boolean] whether it is called in a worker, and must be shareable in ractor mode
        def in_worker? = @in_worker

        # (see Type#coerce)
        def coerce(value) = value.nil? || value.respond_to?(:call) ? value : yield

        # (see Type#flag?)
        def flag? = false

        # (see Type#expectation)
        def expectation = "nil or something with a method call, such as a Proc"

        # (see Type#show)
        def show(value) = value.nil? ? "none" : "set"

        # (see Type#signature)
        def signature = "_Callable?"
      end
    end
  end
end
