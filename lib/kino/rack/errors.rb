# frozen_string_literal: true

module Kino
  module Rack
    # `rack.errors`: writes to the calling Ractor's `$stderr`. It has no state, so that all Ractors share one; an IO
    # belongs to one Ractor and could not be shared.
    #
    # Rack requires {#puts}, {#write} and {#flush}. Loggers and apps call the rest, because other servers give them an
    # IO. Methods that would change the process's stderr (`reopen`, `set_encoding`) or expose it (`to_io`) are missing,
    # because the server logs there too.
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

      # @param objects [Array<Object>]
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
      # @raise [SystemCallError] if stderr is no file
      def fsync
        $stderr.fsync
      end

      # @return [true] nothing is buffered
      def sync = true

      # Does nothing: others write there too.
      # @param value [Boolean]
      def sync=(value); end

      # Does nothing: no text is converted.
      # @return [self]
      def binmode = self

      # @return [Encoding, nil]
      def external_encoding = $stderr.external_encoding

      # @return [Boolean] whether stderr is a terminal
      def tty? = $stderr.tty?
      alias isatty tty?

      # @return [Integer]
      def fileno = $stderr.fileno

      # Does nothing: the server and other requests go on logging. `Logger.new` requires the method.
      # @return [nil]
      def close; end

      # @return [false]
      def closed? = false
    end

    # The only instance.
    ERRORS = Errors.new.freeze
  end
end
