# frozen_string_literal: true

require "kino/check/heap"
require "kino/peek"

module Kino
  module Check
    # The modules in which a method or a Proc stands, innermost first. Ruby does not tell, but it keeps them: each in an
    # object of its own that holds the module and the next one, which the garbage collector can be asked for.
    #
    # @api private
    module Nesting
      # How far behind it they are: behind its entry, and that may be another's by a new name.
      DEPTH = 3
      # More modules than that stand in each other nowhere: what is gone through goes in a circle.
      MOST = 100
      private_constant :DEPTH, :MOST

      class << self
        # @param code [UnboundMethod, Proc]
        # @return [Array<Module>, nil] nil where it is not found out, as for a method that was defined from a block
        def of(code)
          level = [code]
          DEPTH.times do
            level = level.flat_map { |object| Heap.internals(object) }
            chains = level.filter_map { |object| chain(object) }
            return chains.first if chains.any?
          end
          nil
        end

        private

        def chain(link)
          modules = []
          while link
            holders = Heap.objects(link)
            link, *more = Heap.internals(link)
            return unless more.empty? && holders.size == 1 && Peek.module?(holders.first)
            return if modules.size > MOST

            modules.concat(holders)
          end
          *around, top = modules
          (around.empty? ? [top] : around) if Peek.same?(top, Object)
        end
      end
    end
  end
end
