# frozen_string_literal: true

require "kino/errors"

module Kino
  class HotRestart
    Handover = Data.define(:listener, :report, :predecessor, :kept)

    # What the old process passes to the new one: inherited descriptors, and the environment variable that names them.
    #
    # @!attribute [r] listener
    #   @return [IO] the listening socket
    # @!attribute [r] report
    #   @return [IO] a pipe on which the new process reports that it is ready
    # @!attribute [r] predecessor
    #   @return [Integer] the old process
    # @!attribute [r] kept
    #   @return [Boolean] whether a service manager keeps the socket
    #
    # @api private
    class Handover
      # The environment variable.
      VARIABLE = "KINO_HANDOVER"
      # The report of success; a pipe that closes without it means failure.
      READY = "ready\n"

      FORM = /\Alistener=(\d{1,9}) report=(\d{1,9}) predecessor=(\d{1,9}) kept=(yes|no)\z/
      private_constant :FORM

      class << self
        # Also removes the variable from the environment: processes that the app starts must not see it.
        #
        # @param env [Hash{String => String}, ENV]
        # @return [Handover, nil] nil if this process was not started by a hot restart
        # @raise [BindError] if the variable is wrong
        def take(env)
          text = env.delete(VARIABLE) or return
          form = FORM.match(text)
          raise BindError, "#{VARIABLE} is for hot restarts only, and cannot be #{text.inspect}" unless form

          listener, report, predecessor = form.captures.first(3).map(&:to_i)
          new(listener: io(listener, "r"), report: io(report, "w"), predecessor:, kept: form[4] == "yes")
        end

        private

        def io(descriptor, mode)
          IO.for_fd(descriptor, mode).tap { |inherited| inherited.close_on_exec = true }
        rescue SystemCallError, ArgumentError # the latter for a descriptor that Ruby reserves
          raise BindError, "#{VARIABLE} names file descriptor #{descriptor}, but it is not open"
        end
      end

      # @return [Hash{String => String}] the variable to set
      def variables
        { VARIABLE => "listener=#{listener.fileno} report=#{report.fileno} predecessor=#{predecessor} " \
                      "kept=#{kept ? "yes" : "no"}" }
      end

      # @return [Hash{IO => IO}] for Kernel#spawn, the descriptors to inherit
      def descriptors = [listener, report].to_h { |io| [io, io] }

      # Reports that this process is ready.
      # @return [Boolean] false if the old process is gone
      def announce
        report.syswrite(READY) # not buffered: otherwise it would fail at the close, outside of the rescue
        true
      rescue SystemCallError
        false
      ensure
        report.close
      end
    end
  end
end
