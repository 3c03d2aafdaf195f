# frozen_string_literal: true

require "uri"
require "kino/errors"
require "kino/passed_socket"

module Kino
  class HotRestart
    Handover = Data.define(:sockets, :report, :predecessor)

    # What the old process passes to the new one: inherited descriptors, and the environment variable that names them.
    #
    # @!attribute [r] sockets
    #   @return [Array<PassedSocket>] the listening sockets
    # @!attribute [r] report
    #   @return [IO] a pipe on which the new process reports that it is ready
    # @!attribute [r] predecessor
    #   @return [Integer] the old process
    #
    # @api private
    class Handover
      # The environment variable.
      VARIABLE = "KINO_HANDOVER"
      # The report of success; a pipe that closes without it means failure.
      READY = "ready\n"

      # The sockets follow: "7=tcp://127.0.0.1:9292", with a + behind the number if somebody else keeps it.
      FORM = /\Areport=(\d{1,9}) predecessor=(\d{1,9})((?: \d{1,9}\+?=\S+)+)\z/
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

          new(sockets: form[3].split.map { |word| socket(word) }, report: io(form[1].to_i, "w"),
              predecessor: form[2].to_i)
        end

        private

        def socket(word)
          number, identity = word.split("=", 2)
          PassedSocket.new(identity: URI.decode_uri_component(identity), io: io(number.to_i, "r"),
                           kept: number.end_with?("+"))
        end

        def io(descriptor, mode)
          IO.for_fd(descriptor, mode).tap { |inherited| inherited.close_on_exec = true }
        rescue SystemCallError, ArgumentError # the latter for a descriptor that Ruby reserves
          raise BindError, "#{VARIABLE} names file descriptor #{descriptor}, but it is not open"
        end
      end

      # @return [Hash{String => String}] the variable to set
      def variables
        words = sockets.map do |socket|
          "#{socket.io.fileno}#{"+" if socket.kept}=#{URI.encode_uri_component(socket.identity)}"
        end
        { VARIABLE => "report=#{report.fileno} predecessor=#{predecessor} #{words.join(" ")}" }
      end

      # @return [Hash{IO => IO}] for Kernel#spawn, the descriptors to inherit
      def descriptors = [report, *sockets.map(&:io)].to_h { |io| [io, io] }

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
