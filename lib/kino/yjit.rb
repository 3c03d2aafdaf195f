# frozen_string_literal: true

require "kino/error_log"
require "kino/ruby"

module Kino
  # Turns YJIT on if that pays: see the directive `yjit`. It cannot be turned off again.
  #
  # This happens once the mode is known, after the app has been loaded. Nothing is lost: whatever is called often from
  # then on is compiled. And compiling the code with which mode auto reads the app, which runs only once, would cost ten
  # times as much as running it.
  #
  # @api private
  module YJIT
    class << self
      # @param setting [Boolean, Symbol] true, false or :auto
      # @param mode [Symbol] :ractor or :threaded, as resolved
      # @param env [Hash{String => String}, ENV] RUBY_YJIT_ENABLE=0 keeps YJIT off with `:auto`
      # @param ruby [String] Ruby version
      # @param compiler [Module, nil] nil if this Ruby was built without YJIT
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

      # It was turned on by a flag of Ruby's, RUBY_YJIT_ENABLE, or the app, as Rails does.
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
