# frozen_string_literal: true

require "kino/check/peek"
require "objspace"

module Kino
  module Check
    # The modules in which a method stands, innermost first. Ruby does not tell, but it keeps them: each in an object of
    # its own that holds the module and the next one, which the garbage collector can be asked for.
    #
    # @api private
    module Nesting
      # How far behind the method they are: behind its entry, and that may be another's by a new name.
      DEPTH = 3
      private_constant :DEPTH

      class << self
        # @param method [UnboundMethod]
        # @return [Array<Module>, nil] nil where it is not found out, as for a method that was defined from a block
        def of(method)
          level = [method]
          DEPTH.times do
            level = level.flat_map { |object| inner(held(object)) }
            chains = level.filter_map { |object| chain(object) }
            return chains.first if chains.any?
          end
          nil
        end

        private

        def chain(link)
          modules = []
          while link
            objects = held(link)
            link, *more = inner(objects)
            holders = objects.select { |object| Peek.module?(object) }
            return unless more.empty? && holders.size == 1 && objects.size == (link ? 2 : 1)

            modules.concat(holders)
          end
          *around, top = modules
          (around.empty? ? [top] : around) if Peek.same?(top, Object)
        end

        def held(object) = ObjectSpace.reachable_objects_from(object).to_a

        def inner(objects) = objects.select { |object| Peek.kind?(object, ObjectSpace::InternalObjectWrapper) }
      end
    end
  end
end
