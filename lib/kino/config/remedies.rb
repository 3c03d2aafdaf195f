# frozen_string_literal: true

module Kino
  module Config
    # What to make of something that cannot be shared between Ractors and is to be called in them: an app, or a hook.
    #
    # @api private
    module Remedies
      MODULE = "a module or class with a self.call method"
      PROC = "a Ractor.shareable_proc"
      FROZEN = "an object that is frozen all the way down (Ractor.make_shareable)"
      private_constant :MODULE, :PROC, :FROZEN

      class << self
        # @param ruby [String] version of Ruby to give advice for
        # @param proc [Boolean] whether it may be a Proc
        # @param object [Boolean] whether it may be any other object
        # @return [String] the ways that there are, to stand behind "make it"
        def list(ruby: RUBY_VERSION, proc: true, object: true)
          [MODULE, *(PROC if proc && ruby_4?(ruby)), *(FROZEN if object)].join(", or ")
        end

        # @param ruby [String] version of Ruby
        # @return [Boolean] whether it has Ractor.shareable_proc, and bears a second thread in a Ractor
        def ruby_4?(ruby) = Gem::Version.new(ruby) >= Gem::Version.new("4.0")
      end
    end
  end
end
