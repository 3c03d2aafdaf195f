# frozen_string_literal: true

require "kino/check/heap"
require "kino/check/nesting"
require "kino/peek"
require "kino/check/values"

module Kino
  module Check
    # What is around a Proc: self, the modules in which it stands, and the variables that it has kept. One that was made
    # shareable has no binding to be asked for them, and they are found where the VM keeps them.
    #
    # @api private
    module Surroundings
      class << self
        # @param block [Proc]
        # @return [Object] the value of self in it; unknown where it is nil or the like, which nothing keeps
        def receiver(block)
          Values::Known.new(Peek.binding(block).receiver, "self")
        rescue ArgumentError
          kept = Heap.objects(block).reject { Peek.same?(it, Peek.class_of(block)) }
          kept.size == 1 ? Values::Known.new(kept.first) : Values::UNKNOWN
        end

        # @param block [Proc]
        # @return [Array<Module>, nil] innermost first; nil where it is not found out
        def nesting(block)
          Peek.binding(block).eval("::Module.nesting")
        rescue ArgumentError
          Nesting.of(block)
        end

        # @param block [Proc]
        # @return [Object] the value of any of its variables from outside, which is one of them: which one the VM does
        #   not tell. Unknown where it is not shareable, for then they are nothing to go by
        def kept(block)
          return Values::UNKNOWN unless Ractor.shareable?(block)

          objects = environments(block).flat_map { |environment| Heap.objects(environment) }
          Values.doubt(Values.several(objects.map { |object| Values::Known.new(object) }))
        end

        private

        # With one come those around it.
        def environments(block)
          path, = Peek.place(block)
          found = {}
          queue = Heap.internals(block)
          while (one = queue.shift)
            next if found.key?(id(one)) || !environment?(one, path)

            found[id(one)] = one
            queue.concat(Heap.internals(one))
          end
          found.values
        end

        # It holds itself. So may code do, which holds the path of its file as well.
        def environment?(one, path)
          Heap.internals(one).any? { id(it) == id(one) } &&
            Heap.objects(one).none? { Peek.class_of(it).equal?(String) && it == path }
        end

        # By its address. (Ruby 4.0 crashes over what `internal_object_id` gives.)
        def id(internal) = internal.inspect
      end
    end
  end
end
