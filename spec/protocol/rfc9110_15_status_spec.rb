# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Responds with the status in the query, and with everything that such a response must not have.
  module Statuses
    extend Routes

    class << self
      def array(env) = [status(env), { "content-length" => "4" }, ["four"]]
      def bare(env) = [status(env), {}, ["four"]]
      def each(env) = [status(env), { "content-length" => "4" }, Body.new("four")]
      def coded(env) = [status(env), { "transfer-encoding" => "chunked" }, Body.new("four")]
      def call_stream(env) = [status(env), {}, ->(stream) { stream << "four" }]
      def file(env) = [status(env), {}, Struct.new(:to_path).new(__FILE__)]
      def read(env) = ok(env["rack.input"].read)

      def rescued(env)
        note(outcome { env["rack.input"].read }.name)
        ok("too late")
      end

      def begun(env)
        watch(env)
        [200, HEADERS, lambda { |stream|
          stream << "begun"
          stream.read
        }]
      end

      private

      def status(env) = Integer(env["QUERY_STRING"])
    end
  end
end

# RFC 9110 section 15.
RSpec.describe "HTTP statuses" do
  in_both_modes do
    def start(**) = serve(Protocol::Statuses, **)

    %w[/array /bare /each /coded /call-stream /file].each do |target|
      it "204 has no body and no length (RFC 9110 sections 8.6 and 15.3.5), #{target}" do
        start
        client = connect
        2.times do
          expect(client.get("#{target}?204").names & %w[content-length transfer-encoding]).to eq([])
        end
        expect(client.get("/array?200").body).to eq("four")
      end

      it "304 has no body (RFC 9110 section 15.4.5), #{target}" do
        start
        client = connect
        2.times { expect(client.get("#{target}?304")["transfer-encoding"]).to be_nil }
        expect(client.get("/array?200").body).to eq("four")
      end
    end

    it "304 keeps the content-length that the app gives" do
      start
      expect(connect.get("/array?304")["content-length"]).to eq("4")
    end

    describe "408 (RFC 9110 section 15.5.9) for a body that stalls" do
      before { start(body_timeout: 0.05) }

      it "is sent, and the app's read raises" do
        [Protocol.request("POST", "/rescued", "Content-Length: 5"), Protocol.post("/rescued", "half")[..-2],
         Protocol.chunked("/rescued", ""), Protocol.chunked("/rescued", "5\r\nhalf")].each do |bytes|
          expect_refusal(connect.write(bytes), 408)
          expect(notes).to eq(["Kino::BodyTimeoutError"])
        end
        expect(server.stats[:refusals]).to eq(body_timeout: 4)
      end

      it "aborts the connection if the response has started" do
        client = connect.write(Protocol.request("POST", "/begun", "Content-Length: 5"))
        expect([client.read_head.status, client.read_chunk]).to eq([200, "begun"])
        expect { client.read_chunk }.to raise_error(HttpClient::Broken)
        expect(notes).to eq([["finished", true, 200, "Kino::BodyTimeoutError"]])
      end
    end

    it "503 comes with retry-after if the queue stays full (RFC 9110 section 15.6.4)" do
      start(queue_depth: 1, queue_timeout: 0)
      busy = connect.write(Protocol.request("POST", "/read", "Content-Length: 1"))
      await_stats(in_flight: 1)
      queued = connect.write(Protocol.get("/array?200"))
      await_stats(queued: 1)
      response = connect.get("/array?200")
      expect([response.status, response["retry-after"]]).to match([503, /\A\d+\z/])
      expect(server.stats).to include(rejected: 1, served: 0)
      busy.write("x").read_response
      expect(queued.read_response.status).to eq(200)
    end
  end
end
