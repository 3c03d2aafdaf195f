# frozen_string_literal: true

require "support/rendezvous"

module Apps
  # What ends a worker.
  module Deaths
    extend Routes

    # Not a StandardError.
    class Doom < Exception; end # rubocop:disable Lint/InheritException

    # Cannot be asked about itself, whoever asks.
    class Unspeakable < StandardError
      def message = raise(Doom, "no message")
      def to_s = raise(Doom, "no text")
      def inspect = raise(Doom, "no form")
      def backtrace = raise(Doom, "no trace")
    end

    # The same, and none of StandardError.
    class UnspeakableDoom < Doom
      def message = raise(Doom, "no message")
      def backtrace = raise(Doom, "no trace")
    end

    # Ends its worker while it is read, and tells when it is closed.
    Body = Struct.new(:path) do
      def each
        yield "begun"
        raise Doom, "the end"
      end

      def close = Rendezvous.tell(path, "closed")
    end

    class << self
      def alive(_env) = ok("alive")

      def leave(_env) = exit

      def kill(_env) = Thread.current.kill

      def doom(_env) = raise(Doom, "the end")

      def out_of_memory(_env) = raise(NoMemoryError, "for now")

      def unspeakable(_env) = raise(Unspeakable)

      def unspeakable_doom(_env) = raise(UnspeakableDoom)

      def toss(_env) = throw(:nothing_catches_this)

      # With a request of which it never lets go.
      def open_fiber(env)
        fiber = Fiber.new { Fiber.yield(env["rack.input"].read) && raise("resumed") }
        fiber.resume
        Thread.current.thread_variable_set(:fiber, fiber)
        ok("left open")
      end

      def raise_at(env)
        waiting = Thread.current
        path = env["QUERY_STRING"]
        # After the answer, most likely while the worker waits for the next request; in its midst the outcome is a 500.
        Thread.new do
          Rendezvous.ask(path, "answered")
          waiting.raise(ArgumentError, "from outside")
        end
        ok("soon")
      end

      def interrupt(_env) = raise(Interrupt)

      # Waits at the rendezvous, then answers with what it was told there.
      def wait(env) = ok(Rendezvous.ask(env["QUERY_STRING"], "waiting"))

      # When it is told to.
      def doom_at_last(env)
        Rendezvous.ask(env["QUERY_STRING"], "waiting")
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
