# frozen_string_literal: true

require "digest"
require "support/rendezvous"

module Apps
  # Reads the request body in every way. The query is the path of a {Rendezvous}.
  module Uploads
    extend Routes

    class << self
      def read(env) = ok(env["rack.input"].read)

      def input_class(env) = ok(env["rack.input"].class.name)

      def read_pieces(env)
        input = env["rack.input"]
        buffer = +"was here"
        pieces = [input.read(0), input.read(3), input.read(2, buffer).equal?(buffer), buffer.dup,
                  input.read, input.read, input.read(1), input.read(1, buffer), buffer.dup,
                  input.read(nil, buffer).equal?(buffer), buffer, input.gets]
        ok(pieces.inspect)
      end

      def negative(env)
        env["rack.input"].read(-1)
      rescue ArgumentError => e
        ok(e.message)
      end

      def gets(env)
        lines = []
        while (line = env["rack.input"].gets)
          lines << line
        end
        ok(lines.inspect)
      end

      def each(env)
        lines = []
        # Rack::Lint's input has no Enumerator.
        env["rack.input"].each { |line| lines << line } # rubocop:disable Style/MapIntoArray
        ok(lines.inspect)
      end

      def each_in_detail(env)
        input = env["rack.input"]
        lines = []
        same = input.each { |line| lines << line }.equal?(input)
        ok([lines, same, input.each.to_a, input.read.encoding].inspect)
      end

      def close(env)
        input = env["rack.input"]
        closed = input.close
        ok([closed, outcome { input.read }, outcome { input.read(1) }, outcome { input.gets }].inspect)
      end

      def digest(env)
        input = env["rack.input"]
        sha = Digest::SHA256.new
        bytes = 0
        buffer = +""
        while input.read(50_000, buffer)
          sha << buffer
          bytes += buffer.bytesize
        end
        ok("#{bytes} #{sha.hexdigest}")
      end

      def ignore(_env) = ok("ignored")

      # Reports the exception that ends the body, and raises it again.
      def report(env)
        Rendezvous.tell(env["QUERY_STRING"], "reading")
        env["rack.input"].read
      rescue Exception => e # rubocop:disable Lint/RescueException
        Rendezvous.tell(env["QUERY_STRING"], e.class.ancestors.take_while { |one| one != StandardError }.inspect)
        raise
      end

      # Reads, and responds with the outcome.
      def survive(env)
        ok(outcome { env["rack.input"].read }.to_s)
      end

      # Reads after the response.
      def later(env)
        path = env["QUERY_STRING"]
        env["rack.response_finished"] << lambda { |given, *|
          Rendezvous.tell(path, outcome { given["rack.input"].read }.inspect)
        }
        ok("answered")
      end
    end
  end
end
