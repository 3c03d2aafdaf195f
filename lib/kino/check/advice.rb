# frozen_string_literal: true

require "kino/check/causes"
require "kino/check/rules"
require "kino/ruby"

module Kino
  module Check
    # What to do about a value that cannot be shared.
    #
    # @api private
    module Advice
      class << self
        # @param value [Object]
        # @param ruby [String] version of Ruby to give advice for
        # @return [String]
        def for_value(value, ruby: RUBY_VERSION)
          case value
          when String then "freeze it, or begin the file with # frozen_string_literal: true"
          when Proc then for_proc(ruby)
          else for_object(value)
          end
        end

        # @param value [Object] neither a String nor a Proc
        # @return [String]
        def for_object(value)
          return Causes::ALL.fetch(:unshareable).fix if Rules.never?(value)

          "make it deeply frozen: Ractor.make_shareable(...); if requests change it, keep one for each Ractor: " \
            "Ractor.store_if_absent(:name) { ... }"
        end

        # @param ruby [String] version of Ruby to give advice for
        # @return [String]
        def for_proc(ruby = RUBY_VERSION)
          "make it a module or class with a self.call method#{", or a Ractor.shareable_proc" if Ruby.four?(ruby)}"
        end
      end
    end
  end
end
