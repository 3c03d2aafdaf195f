# frozen_string_literal: true

require "kino/check/contents"
require "kino/peek"
require "kino/check/rules"

module Kino
  module Check
    # Looks for what can never be shared in what an object holds, the nearest first.
    #
    # @api private
    module Never
      # Objects that are looked at.
      LIMIT = 200

      class << self
        # @param object [Object]
        # @return [Array(Object), nil] the first that no freezing makes shareable, which may be the object itself; nil
        #   if there is none among those that were looked at
        def in(object)
          seen = {}.compare_by_identity
          queue = [object]
          while seen.size < LIMIT && !queue.empty?
            one = queue.shift
            next if seen.key?(one)
            return [one] if Rules.never?(one)

            seen[one] = true
            queue.concat(held(one))
          end
        end

        private

        # What can be shared holds nothing that cannot. A Proc is dealt with by itself.
        def held(object)
          return [] if Peek.kind?(object, Proc)

          values = Peek.ivars(object).map { |name| Peek.ivar(object, name) } + Contents.of(object).map(&:last)
          values.lazy.reject { Ractor.shareable?(it) }.first(LIMIT)
        end
      end
    end
  end
end
