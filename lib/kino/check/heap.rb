# frozen_string_literal: true

require "kino/peek"
require "objspace"

module Kino
  module Check
    # What an object holds, as the garbage collector sees it: the way to what Ruby has no method for.
    #
    # @api private
    module Heap
      class << self
        # @param object [Object, ObjectSpace::InternalObjectWrapper]
        # @return [Array<Object>] without those that are the VM's own
        def objects(object) = all(object).reject { internal?(it) }

        # @param object [Object, ObjectSpace::InternalObjectWrapper]
        # @return [Array<ObjectSpace::InternalObjectWrapper>] the VM's own
        def internals(object) = all(object).select { internal?(it) }

        private

        def all(object) = ObjectSpace.reachable_objects_from(object).to_a

        def internal?(object) = Peek.kind?(object, ObjectSpace::InternalObjectWrapper)
      end
    end
  end
end
