# frozen_string_literal: true

require "kino/errors"

module Kino
  class HotRestart
    Handover = Data.define(:listener, :report, :predecessor, :kept)

    # What the process that is to end gives the one that follows: descriptors that are inherited, and the environment
    # variable that says which they are.
    #
    # @!attribute [r] listener
    #   @return [IO] the socket that listens
    # @!attribute [r] report
    #   @return [IO] a pipe, on which the new process says that it is ready
    # @!attribute [r] predecessor
    #   @return [Integer] the old process
    # @!attribute [r] kept
    #   @return [Boolean] whether somebody has the socket who keeps it: a service manager
    #
    # @api private
    class Handover
      # The environment variable.
      VARIABLE = "KINO_HANDOVER"
      # What is said when all is well; a pipe that just closes means that it is not.
      READY = "ready\n"

      FORM = /\Alistener=(\d{1,9}) report=(\d{1,9}) predecessor=(\d{1,9}) kept=(yes|no)\z/
      private_constant :FORM

      class << self
        # Takes it out of the environment too, for what the app starts shall not find it there.
        #
        # @param env [Hash{String => String}, ENV]
        # @return [Handover, nil] nil where this process was not started by a hot restart
        # @raise [BindError] where what is said is not so
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
        rescue SystemCallError, ArgumentError # the latter for one that Ruby keeps for itself
          raise BindError, "#{VARIABLE} names file descriptor #{descriptor}, but it is not open"
        end
      end

      # @return [Hash{String => String}] the variable to set
      def variables
        { VARIABLE => "listener=#{listener.fileno} report=#{report.fileno} predecessor=#{predecessor} " \
                      "kept=#{kept ? "yes" : "no"}" }
      end

      # @return [Hash{IO => IO}] as Kernel#spawn takes what is to be inherited
      def descriptors = [listener, report].to_h { |io| [io, io] }

      # Says that this process is ready.
      # @return [Boolean] false where nobody listens any more: then this process is on its own
      def announce
        report.syswrite(READY) # not buffered: it would fail at the close else, outside of the rescue
        true
      rescue SystemCallError
        false
      ensure
        report.close
      end
    end
  end
end
