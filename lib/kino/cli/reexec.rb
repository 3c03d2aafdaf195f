# frozen_string_literal: true

require "kino/config/mode"
require "kino/program"

module Kino
  class CLI
    # Restarts the command once, with a RUBY_MAX_CPU for the number of workers. The VM reads it when it boots, so
    # setting it later is too late.
    class Reexec
      # Set for the second start, to prevent a third.
      MARKER = "KINO_REEXEC"

      # @param env [Hash{String => String}, ENV] the environment of this process
      # @param exec [#call] called with the variables to set and the command; does not return
      def initialize(env: ENV, exec: Kernel.method(:exec))
        @env = env
        @exec = exec
      end

      # Returns if the value is right, or if it cannot be changed: then the server warns.
      #
      # @param settings [Config::Settings]
      # @param argv [Array<String>] the original command line
      # @return [void]
      def call(settings, argv)
        # The app and the processes that it starts must not see it.
        return if @env.delete(MARKER)
        return unless needed?(settings)

        command = Program.command(argv) or return
        @exec.call(variables(settings), *command)
      rescue SystemCallError
        nil
      end

      private

      # In mode auto this depends on the app, which is not loaded yet. A needless restart does no harm.
      def needed?(settings)
        settings.mode != :threaded && !Config::Mode.enough_cpus?(Config::Mode.ractors(settings), env: @env)
      end

      def variables(settings)
        { "RUBY_MAX_CPU" => Config::Mode.max_cpu(Config::Mode.ractors(settings)).to_s, MARKER => "1" }
      end
    end
  end
end
