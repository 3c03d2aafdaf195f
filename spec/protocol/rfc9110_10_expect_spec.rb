# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Reads the body at different times.
  module Expecting
    extend Routes

    class << self
      def read(env) = ok(env["rack.input"].read)
      def unread(_env) = ok("unread")

      # Sends the response's head before it reads.
      def begun(_env)
        [200, HEADERS, lambda { |stream|
          stream << "begun"
          stream << stream.read
        }]
      end
    end
  end
end

# RFC 9110 section 10.1.1.
RSpec.describe "Expect: 100-continue" do
  in_both_modes do
    before { serve(Protocol::Expecting) }

    def expecting(target, body: "body", expect: "100-continue")
      connect.write(Protocol.request("POST", target, "Content-Length: #{body.bytesize}", "Expect: #{expect}"))
    end

    it "gets 100 when the app first reads, and not before" do
      busy = connect.write(Protocol.request("POST", "/read", "Content-Length: 1"))
      await_stats(in_flight: 1)
      client = expecting("/read")
      await_stats(queued: 1)
      expect(client).to be_quiet
      busy.write("x").read_response
      expect(client.read_head).to have_attributes(status: 100, fields: [])
      expect(client.write("body").read_response.body).to eq("body")
    end

    it "is case-insensitive, and works for chunked bodies" do
      client = expecting("/read", expect: "100-Continue")
      expect(client.read_head.status).to eq(100)
      expect(client.write("body").read_response.body).to eq("body")
      client = connect.write(Protocol.request("POST", "/read", "Transfer-Encoding: chunked", "Expect: 100-continue"))
      expect(client.read_head.status).to eq(100)
      expect(client.write("4\r\nbody\r\n0\r\n\r\n").read_response.body).to eq("body")
    end

    it "gets no 100 if the app never reads: the final response is sent, and the connection closes" do
      client = expecting("/unread")
      expect(client.read_response).to have_attributes(status: 200, body: "unread")
      # The next bytes could be the body after all, or a request.
      client.write(Protocol.get("/read"))
      expect(client).to be_closed_by_server
      expect(server.stats[:served]).to eq(1)
    end

    it "gets no 100 after the head of the final response" do
      20.times do
        client = expecting("/begun")
        head = client.read_head
        head = client.read_head if head.status == 100
        expect([head.status, client.read_chunk]).to eq([200, "begun"])
        expect([client.write("body").read_chunk, client.read_chunk]).to eq(["body", nil])
        client.close
      end
    end

    it "gets no 100 in HTTP/1.0" do
      client = connect.write("POST /read HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
      await_stats(in_flight: 1)
      expect(client.write("body").read_response).to have_attributes(status: 200, body: "body")
    end

    it "gets no 100 without a body" do
      expect(expecting("/read", body: "").read_response).to have_attributes(status: 200, body: "")
    end

    it "may or may not get 100 if the body came with the head" do
      client = connect.write(Protocol.post("/read", "body", "Expect: 100-continue"))
      response = client.read_head
      response = client.read_head if response.status == 100
      expect([response.status, client.read_exactly(4)]).to eq([200, "body"])
    end
  end
end
