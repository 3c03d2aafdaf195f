# frozen_string_literal: true

require "support/rendezvous"

module Apps
  # Ends its worker in various ways.
  module Deaths
    extend Routes

    # Not a StandardError.
    class Fatal < Exception; end # rubocop:disable Lint/InheritException

    # Raises in all of its methods.
    class Unspeakable < StandardError
      def message = raise(Fatal, "no message")
      def to_s = raise(Fatal, "no text")
      def inspect = raise(Fatal, "no form")
      def backtrace = raise(Fatal, "no trace")
    end

    # The same, and not a StandardError.
    class UnspeakableFatal < Fatal
      def message = raise(Fatal, "no message")
      def backtrace = raise(Fatal, "no trace")
    end

    # Ends its worker while it is iterated, and reports when it is closed.
    Body = Struct.new(:path) do
      def each
        yield "begun"
        raise Fatal, "the end"
      end

      def close = Rendezvous.tell(path, "closed")
    end

    class << self
      def alive(_env) = ok("alive")

      def leave(_env) = exit

      def kill(_env) = Thread.current.kill

      def fatal(_env) = raise(Fatal, "the end")

      def out_of_memory(_env) = raise(NoMemoryError, "for now")

      def unspeakable(_env) = raise(Unspeakable)

      def unspeakable_fatal(_env) = raise(UnspeakableFatal)

      def toss(_env) = throw(:nothing_catches_this)

      # Leaves a Fiber open that holds the request.
      def open_fiber(env)
        fiber = Fiber.new { Fiber.yield(env["rack.input"].read) && raise("resumed") }
        fiber.resume
        Thread.current.thread_variable_set(:fiber, fiber)
        ok("left open")
      end

      def raise_at(env)
        waiting = Thread.current
        path = env["QUERY_STRING"]
        # Raises after the response, most likely while the worker waits. During the request, the outcome would be a 500.
        Thread.new do
          Rendezvous.ask(path, "answered")
          waiting.raise(ArgumentError, "from outside")
        end
        ok("soon")
      end

      def interrupt(_env) = raise(Interrupt)

      # Waits at the rendezvous, then responds with the spec's answer.
      def wait(env) = ok(Rendezvous.ask(env["QUERY_STRING"], "waiting"))

      # Raises when the spec says so.
      def fatal_when_told(env)
        Rendezvous.ask(env["QUERY_STRING"], "waiting")
        fatal(env)
      end

      # Raises after its response has started.
      def fatal_midway(_env)
        [200, TEXT.dup, lambda { |stream|
          stream << "begun"
          raise Fatal, "the end"
        }]
      end

      def fatal_in_each(env) = [200, TEXT.dup, Body.new(env["QUERY_STRING"])]
    end
  end
end
