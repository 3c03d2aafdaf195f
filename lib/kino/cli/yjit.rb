# frozen_string_literal: true

module Kino
  class CLI
    # Turns Ruby's compiler on. A server runs the same few methods for hours, which is what YJIT is made for: with it
    # a small app ran 1.7 times as fast in two Ractors (Ruby 4.0.5 on 2 cores).
    #
    # It is done once the mode is known and before the first worker starts. Code that is loaded already is compiled all
    # the same, when it is called often enough. What mode auto has read the app's code with runs only once, and to
    # compile it would cost ten times as much as to run it. It is done in the command only, for a program that starts a
    # server itself decides for itself.
    module YJIT
      # @param env [Hash{String => String}, ENV] RUBY_YJIT_ENABLE=0 keeps it off
      # @param compiler [Module, nil] nil where this Ruby was built without it
      # @return [void]
      def self.enable(env: ENV, compiler: defined?(RubyVM::YJIT) ? RubyVM::YJIT : nil)
        return if compiler.nil? || compiler.enabled? || env["RUBY_YJIT_ENABLE"] == "0"

        compiler.enable
      end
    end
  end
end
