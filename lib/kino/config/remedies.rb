# frozen_string_literal: true

require "kino/ruby"

module Kino
  module Config
    # How to make an app or a hook shareable between Ractors.
    #
    # @api private
    module Remedies
      MODULE = "a module or class with a self.call method"
      PROC = "a Ractor.shareable_proc"
      FROZEN = "an object that is frozen all the way down (Ractor.make_shareable)"
      private_constant :MODULE, :PROC, :FROZEN

      class << self
        # @param ruby [String] version of Ruby to advise for
        # @param proc [Boolean] whether it may be a Proc
        # @param object [Boolean] whether it may be any other object
        # @return [String] the possible ways, to follow "make it"
        def list(ruby: RUBY_VERSION, proc: true, object: true)
          [MODULE, *(PROC if proc && Ruby.four?(ruby)), *(FROZEN if object)].join(", or ")
        end
      end
    end
  end
end
