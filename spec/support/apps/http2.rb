# frozen_string_literal: true

require "support/rendezvous"

module Apps
  # Answers in ways that HTTP/2 treats otherwise than HTTP/1. The query is the path of a {Rendezvous}.
  module Http2
    extend Routes

    class << self
      def hello(_env) = ok("hello")

      def hijack(env) = ok([env["rack.hijack?"], env.key?("rack.hijack"), env.key?("rack.protocol")].inspect)

      # What is left to an app that asks the request itself.
      def hijack_anyway(env) = ok(outcome { env["kino.request"].call }.to_s)

      def read(env) = ok(env["rack.input"].read)

      def cookies(env) = ok(env["HTTP_COOKIE"], "|", env["HTTP_X_LIST"])

      def each(env)
        path = env["QUERY_STRING"]
        [200, TEXT.dup, Enumerator.new do |chunks|
          chunks << "first "
          chunks << Rendezvous.ask(path, "streaming")
        end]
      end

      def raise_midway(_env)
        [200, TEXT.dup, Enumerator.new do |chunks|
          chunks << "first "
          raise "midway"
        end]
      end

      def echo(_env) = [200, TEXT.dup, method(:upcase)]

      def partial_hijack(_env) = [200, TEXT.merge("rack.hijack" => method(:upcase)), []]

      def switch(_env) = [101, { "rack.protocol" => "echo" }, method(:upcase)]

      def connection_headers(_env)
        [200, { "connection" => "close", "keep-alive" => "timeout=5", "x-a" => %w[1 2], "X-B" => "3" }, ["ok"]]
      end

      def hints(env)
        env["rack.early_hints"].call("link" => "</a.css>; rel=preload")
        Rendezvous.ask(env["QUERY_STRING"], "hinted")
        ok("done")
      end

      def wait(env)
        Rendezvous.tell(env["QUERY_STRING"], "waiting")
        Rendezvous.tell(env["QUERY_STRING"], env["kino.request"].wait_disconnect.inspect)
        ok("too late")
      end

      def ask(env) = ok(Rendezvous.ask(env["QUERY_STRING"], "asking"))

      private

      def upcase(stream)
        stream.each { |line| stream << line.upcase }
        stream << "end"
        stream.close
      end
    end
  end
end
