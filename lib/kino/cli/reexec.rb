# frozen_string_literal: true

require "kino/config/mode"
require "kino/program"

module Kino
  class CLI
    # Starts the command anew, once, with a RUBY_MAX_CPU that suits the number of workers. The VM reads it when it
    # boots, so setting it from inside comes too late.
    class Reexec
      # Set for the second start, so that there is no third.
      MARKER = "KINO_REEXEC"

      # @param env [Hash{String => String}, ENV] the environment of this process
      # @param exec [#call] takes the variables to set and the command's words; does not return
      def initialize(env: ENV, exec: Kernel.method(:exec))
        @env = env
        @exec = exec
      end

      # Returns where all is well, or nothing can be done any more: then the server itself warns.
      #
      # @param settings [Config::Settings]
      # @param argv [Array<String>] the command line as it was given
      # @return [void]
      def call(settings, argv)
        # The app and the processes that it starts shall not find it.
        return if @env.delete(MARKER)
        return unless needed?(settings)

        command = Program.command(argv) or return
        @exec.call(variables(settings), *command)
      rescue SystemCallError
        nil
      end

      private

      # In mode auto only the app decides, and it is not loaded yet. A start too many does no harm.
      def needed?(settings)
        settings.mode != :threaded && !Config::Mode.enough_cpus?(Config::Mode.ractors(settings), env: @env)
      end

      def variables(settings)
        { "RUBY_MAX_CPU" => Config::Mode.max_cpu(Config::Mode.ractors(settings)).to_s, MARKER => "1" }
      end
    end
  end
end
