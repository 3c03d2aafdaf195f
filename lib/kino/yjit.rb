# frozen_string_literal: true

require "kino/error_log"
require "kino/ruby"

module Kino
  # Turns Ruby's compiler on, where that pays: see the directive `yjit`. It cannot be turned off again.
  #
  # It is done once the mode is known, after the app was loaded. Nothing is lost by that: what is called often enough
  # from then on is compiled. And the code with which mode auto reads the app runs only once: to compile it would cost
  # ten times as much as to run it.
  #
  # @api private
  module YJIT
    class << self
      # @param setting [Boolean, Symbol] true, false or :auto
      # @param mode [Symbol] :ractor or :threaded, as resolved
      # @param env [Hash{String => String}, ENV] with `:auto` RUBY_YJIT_ENABLE=0 keeps it off
      # @param ruby [String] version of Ruby to decide for
      # @param compiler [Module, nil] nil where this Ruby was built without it
      # @return [void]
      def apply(setting, mode, env: ENV, ruby: RUBY_VERSION, compiler: defined?(RubyVM::YJIT) ? RubyVM::YJIT : nil)
        return if compiler.nil?

        stops = mode == :ractor && Ruby.procs_stop_ractors?(ruby)
        if compiler.enabled?
          warn_of(setting, stops, ruby)
        elsif setting == true || (setting == :auto && !stops && env["RUBY_YJIT_ENABLE"] != "0")
          compiler.enable
        end
      end

      private

      # Somebody else has turned it on: a flag of Ruby's, RUBY_YJIT_ENABLE, or the app, as Rails does.
      def warn_of(setting, stops, ruby)
        if setting == false
          ErrorLog.line("warning: yjit off comes too late: YJIT is on already, by RUBY_YJIT_ENABLE, RUBYOPT or the app")
        elsif setting == :auto && stops
          ErrorLog.line("warning: YJIT is on, and with it on Ruby #{ruby} each Proc that a request makes stops all " \
                        "Ractors; where requests make none, say yjit on (see doc/ractors.md)")
        end
      end
    end
  end
end
