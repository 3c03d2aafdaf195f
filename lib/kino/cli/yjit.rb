# frozen_string_literal: true

module Kino
  class CLI
    # Turns Ruby's compiler on. A server runs the same few methods for hours, which is what YJIT is made for: with it
    # a small app ran 1.7 times as fast in two Ractors (Ruby 4.0.5 on 2 cores).
    #
    # It is done before the app is loaded, so that all of the app can be compiled; and in the command only, for a
    # program that starts a server itself decides for itself.
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
