# frozen_string_literal: true

require "support/rendezvous"

module Apps
  # Works on threads and in Ractors, except for routes that read a constant which only the main Ractor may read.
  module Isolation
    extend Routes

    CACHE = {} # rubocop:disable Style/MutableConstant -- that is the point
    private_constant :CACHE

    # An app's own error, with the Ractor's as its cause.
    class Wrapped < StandardError; end

    # A hook that does nothing.
    module Ignored
      def self.call(*) = nil
    end

    # A hook that reads the constant in each worker.
    module Hook
      def self.call(*) = Isolation.touch
    end

    class << self
      def touch = CACHE.size

      def where(_env) = ok(Ractor.main? ? "thread" : "ractor")

      def cache(env)
        touch
        where(env)
      end

      def wrapped(env)
        cache(env)
      rescue Ractor::IsolationError
        raise Wrapped, "no luck"
      end

      # Like Sinatra: rescues the error, responds, and stores the error in the env.
      def rescued(env)
        cache(env)
      rescue Ractor::IsolationError => e
        env["sinatra.error"] = e
        [500, TEXT.dup, ["sorry"]]
      end

      def read(env)
        env["rack.input"].read
        cache(env)
      end

      # Fails before its first chunk.
      def lazily(_env) = [200, TEXT.dup, Enumerator.new { |out| out << "size #{touch}" }]

      # Fails after its first chunk.
      def midway(_env)
        [200, TEXT.dup, lambda { |stream|
          stream << "first "
          stream << "size #{touch}"
        }]
      end

      # Waits at the rendezvous, and then fails.
      def late(env)
        Rendezvous.ask(env["QUERY_STRING"], "waiting")
        cache(env)
      end

      # Waits at the rendezvous, and succeeds.
      def wait(env) = ok(Rendezvous.ask(env["QUERY_STRING"], "waiting"))

      def wait_midway(env)
        path = env["QUERY_STRING"]
        [200, TEXT.dup, lambda { |stream|
          stream << "first "
          stream << Rendezvous.ask(path, "midway")
        }]
      end

      def hijack(env)
        path = env["QUERY_STRING"]
        socket = env["rack.hijack"].call
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
        socket.write(Rendezvous.ask(path, "hijacked"))
        socket.close
        [200, {}, []]
      end
    end
  end
end
