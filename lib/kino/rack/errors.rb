# frozen_string_literal: true

module Kino
  module Rack
    # `rack.errors`: writes to `$stderr` of the Ractor that calls it. It has no state, so that all
    # Ractors share one; an IO belongs to one Ractor and could not be shared.
    #
    # Rack asks for {#puts}, {#write} and {#flush}. Loggers and apps call the rest, as other servers give them an IO.
    # What would change the process' stderr (`reopen`, `set_encoding`) or give it away (`to_io`) is missing, because
    # the server's log goes there too.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc The Error Stream
    class Errors
      # @param objects [Array<Object>] what to print, each on a line of its own
      # @return [nil]
      def puts(*objects)
        $stderr.puts(*objects) # rubocop:disable Style/StderrPuts -- `warn` is silent without -W, and not in the Ractor's own
      end

      # @param texts [Array<Object>] Strings; anything else is written as its `to_s`
      # @return [Integer] bytes written
      def write(*texts)
        $stderr.write(*texts)
      end

      # @param text [Object] see {#write}
      # @return [self]
      def <<(text)
        write(text)
        self
      end

      # @param objects [Array<Object>] written one after the other
      # @return [nil]
      def print(*objects)
        $stderr.print(*objects)
      end

      # @param format [String] see `Kernel#format`
      # @return [nil]
      def printf(format, *)
        $stderr.printf(format, *)
      end

      # @param character [String, Integer] a character, or a byte
      # @return [String, Integer] the same
      def putc(character)
        $stderr.putc(character)
      end

      # @return [self]
      def flush
        $stderr.flush
        self
      end

      # @return [Integer] 0
      # @raise [SystemCallError] where stderr is no file
      def fsync
        $stderr.fsync
      end

      # @return [true] what is written goes out at once
      def sync = true

      # Changes nothing: others write there too.
      # @param value [Boolean]
      def sync=(value); end

      # Changes nothing: no text is translated.
      # @return [self]
      def binmode = self

      # @return [Encoding, nil]
      def external_encoding = $stderr.external_encoding

      # @return [Boolean] whether a terminal shows it
      def tty? = $stderr.tty?
      alias isatty tty?

      # @return [Integer]
      def fileno = $stderr.fileno

      # Does nothing: the server's log, and other requests, go on. `Logger.new` takes nothing without it.
      # @return [nil]
      def close; end

      # @return [false]
      def closed? = false
    end

    # The one of them.
    ERRORS = Errors.new.freeze
  end
end
