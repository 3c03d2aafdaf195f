# frozen_string_literal: true

require "support/protocol"
require "time"

module Protocol
  # Responses of all kinds.
  module Dated
    extend Routes

    class << self
      def array(_env) = ok("x")
      def stream(_env) = [200, HEADERS, ["x"].each]
      def none(_env) = [204, {}, []]
      def failure(_env) = raise("on purpose")
      def own(_env) = [200, { "date" => "Thu, 01 Jan 1970 00:00:00 GMT" }, []]
      def server(_env) = [200, { "server" => "the app's" }, []]
      def partial(_env) = [200, { "rack.hijack" => :close.to_proc }, []]
    end
  end
end

# RFC 9110 section 6.6.1.
RSpec.describe "HTTP dates" do
  in_both_modes do
    before { serve(Protocol::Dated, max_body_size: 1, head_timeout: 0.2) }

    {
      "a whole response" => Protocol.get("/array"),
      "a stream" => Protocol.get("/stream"),
      "HEAD" => Protocol.request("HEAD", "/array"),
      "204" => Protocol.get("/none"),
      "500" => Protocol.get("/failure"),
      "a refusal" => "GET / HTTP/1.1\r\n\r\n",
      "413" => Protocol.post("/", "too large"),
      "408" => "GET / HT",
      "a partial hijack" => Protocol.get("/partial"),
      "HTTP/1.0" => "GET /array HTTP/1.0\r\n\r\n"
    }.each do |what, bytes|
      it "are sent once with #{what}, without a server header" do
        response = connect.write(bytes).read_head
        expect(Time.httpdate(response["date"]).httpdate).to eq(response["date"])
        expect(response["server"]).to be_nil
        log
      end
    end

    it "are left to the app if it sends one" do
      expect(connect.get("/own")["date"]).to eq("Thu, 01 Jan 1970 00:00:00 GMT")
    end

    it "do not replace the app's server header" do
      expect(connect.get("/server")["server"]).to eq("the app's")
    end
  end
end
