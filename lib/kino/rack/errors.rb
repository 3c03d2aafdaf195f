# frozen_string_literal: true

module Kino
  module Rack
    # `rack.errors`: writes to `$stderr` of the Ractor that calls it. It has no state, so that all
    # Ractors share one; an IO belongs to one Ractor and could not be shared.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc The Error Stream
    class Errors
      # @param objects [Array<Object>] what to print, each on a line of its own
      # @return [nil]
      def puts(*objects)
        $stderr.puts(*objects) # rubocop:disable Style/StderrPuts -- `warn` is silent without -W, and not in the Ractor's own
      end

      # @param text [String]
      # @return [Integer] bytes written
      def write(text)
        $stderr.write(text)
      end

      # @return [self]
      def flush
        $stderr.flush
        self
      end
    end

    # The one of them.
    ERRORS = Errors.new.freeze
  end
end
