# frozen_string_literal: true

require "support/meeting"

module Apps
  # What ends a worker.
  module Deaths
    extend Routes

    # Not a StandardError.
    class Doom < Exception; end # rubocop:disable Lint/InheritException

    # Ends its worker while it is read, and tells when it is closed.
    Body = Struct.new(:path) do
      def each
        yield "begun"
        raise Doom, "the end"
      end

      def close = Meeting.tell(path, "closed")
    end

    class << self
      def alive(_env) = ok("alive")

      def leave(_env) = exit

      def kill(_env) = Thread.current.kill

      def doom(_env) = raise(Doom, "the end")

      def out_of_memory(_env) = raise(NoMemoryError, "for now")

      def interrupt(_env) = raise(Interrupt)

      # Waits at the meeting, then answers with what it was told there.
      def wait(env) = ok(Meeting.ask(env["QUERY_STRING"], "waiting"))

      # When it is told to.
      def doom_at_last(env)
        Meeting.ask(env["QUERY_STRING"], "waiting")
        doom(env)
      end

      # After its answer has begun.
      def doom_midway(_env)
        [200, TEXT.dup, lambda { |stream|
          stream << "begun"
          raise Doom, "the end"
        }]
      end

      def doom_in_each(env) = [200, TEXT.dup, Body.new(env["QUERY_STRING"])]
    end
  end
end
