# frozen_string_literal: true

require "support/rendezvous"

module Apps
  # Shareable hooks. They report their arguments to a rendezvous, whose path is the query or an argument of `new`.
  module Hooks
    module OnError
      def self.call(error, env) = Rendezvous.tell(env["QUERY_STRING"], "#{error.message} at #{env["PATH_INFO"]}")
    end

    module AfterRequest
      def self.call(env, status)
        Rendezvous.tell(env["QUERY_STRING"], "#{env["PATH_INFO"]} #{status}") unless env["QUERY_STRING"].empty?
      end
    end

    # An object, because it needs the path.
    Boot = Struct.new(:path) do
      def call(index) = Rendezvous.tell(path, "worker #{index}")
    end

    module Failing
      def self.call(*) = raise("broken hook")
    end

    module Leaving
      def self.call(*) = exit
    end

    # Lets only the first worker start.
    module LeavingButOne
      def self.call(index) = index.zero? || exit
    end

    # Waits at the rendezvous before a worker starts.
    Waiting = Struct.new(:path) do
      def call(index) = Rendezvous.ask(path, "worker #{index}")
    end

    # Raises when it is closed.
    Closing = Struct.new(:chunks) do
      def each(&) = chunks.each(&)
      def close = raise("closed")
    end

    # The app for these hooks.
    module App
      extend Routes

      class << self
        def plain(_env) = ok("plain")

        def each(_env) = [200, TEXT.dup, %w[a b].each]

        def stream(_env) = [202, TEXT.dup, ->(stream) { stream << "streamed" }]

        def failing(_env) = raise("no")

        def unsendable(_env) = [99, {}, []]

        def close(_env) = [200, TEXT.dup, Closing.new(%w[a])]

        def too_long(_env) = [200, TEXT.merge("content-length" => "1"), %w[a b]]

        def too_long_each(_env) = [200, TEXT.merge("content-length" => "1"), %w[a b].each]

        def finished(env)
          env["rack.response_finished"] << ->(*) { raise "finished" }
          ok("a")
        end

        def hijack(env)
          socket = env["rack.hijack"].call
          socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nmine")
          socket.close
          [299, {}, []]
        end
      end
    end
  end
end
