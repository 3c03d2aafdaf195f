# frozen_string_literal: true

module Apps
  # Responses that cannot be sent, and exceptions that end a request but not its worker.
  module Failures
    extend Routes

    # Raises even in its message.
    class Mute < StandardError
      def message = raise("nothing to say")
    end

    class << self
      def fine(_env) = ok("fine")

      def standard_error(_env) = raise(ArgumentError, "two\n  lines")

      def with_cause(_env)
        Integer("x")
      rescue ArgumentError
        raise "because of that"
      end

      def not_implemented(_env) = raise(NotImplementedError, "some day")

      def load_error(_env) = require("no/such/file")

      def mute(_env) = raise(Mute)

      def toss(_env) = throw(:nothing_catches_this)

      def deep(env) = deep(env) + [0]

      def no_response(_env) = nil

      def two_thirds(_env) = [200, {}]

      def status(env) = [eval_status(env["QUERY_STRING"]), TEXT, ["status"]]

      def header_value(env) = [200, { "x-good" => "1", "x-bad" => unhex(env) }, ["secret"]]

      def header_name(env) = [200, { "x-good" => "1", unhex(env) => "1" }, ["secret"]]

      def header_symbol(_env) = [200, { bad: "1" }, ["secret"]]

      def headers_nil(_env) = [200, nil, ["secret"]]

      def header_number(_env) = [200, { "x-number" => 42 }, ["fine"]]

      def headers_many(_env)
        cookies = ["a=1; path=/", "b=2"]
        [200, { "x-b" => "1", "set-cookie" => cookies, "rack.private" => "1", "x-a" => "2" }, ["fine"]]
      end

      def transfer_encoding(_env) = [200, { "transfer-encoding" => "chunked" }, ["fine"]]

      def frozen(_env) = [200, TEXT, ["fine"].freeze].freeze

      private

      def unhex(env) = [env["QUERY_STRING"]].pack("H*")

      def eval_status(text) = { "nil" => nil, "float" => 200.0, "text" => "201" }.fetch(text) { Integer(text) }
    end
  end
end
