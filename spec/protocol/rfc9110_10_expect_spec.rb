# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Reads when it pleases.
  module Expecting
    extend Routes

    class << self
      def read(env) = ok(env["rack.input"].read)
      def unread(_env) = ok("unread")

      # The answer's head goes out before anything is read.
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
      connect.say(Protocol.request("POST", target, "Content-Length: #{body.bytesize}", "Expect: #{expect}"))
    end

    it "is answered when the app first reads, and not before" do
      busy = connect.say(Protocol.request("POST", "/read", "Content-Length: 1"))
      await_stats(in_flight: 1)
      client = expecting("/read")
      await_stats(queued: 1)
      expect(client).to be_quiet
      busy.say("x").answer
      expect(client.head).to have_attributes(status: 100, fields: [])
      expect(client.say("body").answer.body).to eq("body")
    end

    it "is answered in any case of its letters, and for chunks" do
      client = expecting("/read", expect: "100-Continue")
      expect(client.head.status).to eq(100)
      expect(client.say("body").answer.body).to eq("body")
      client = connect.say(Protocol.request("POST", "/read", "Transfer-Encoding: chunked", "Expect: 100-continue"))
      expect(client.head.status).to eq(100)
      expect(client.say("4\r\nbody\r\n0\r\n\r\n").answer.body).to eq("body")
    end

    it "is not answered if the app never reads: the final answer goes out, and the connection closes" do
      client = expecting("/unread")
      expect(client.answer).to have_attributes(status: 200, body: "unread")
      # What comes may be the body after all, or a request: nobody can tell.
      client.say(Protocol.get("/read"))
      expect(client).to be_closed
      expect(server.stats[:served]).to eq(1)
    end

    it "is never answered after the final answer's head" do
      20.times do
        client = expecting("/begun")
        head = client.head
        head = client.head if head.status == 100
        expect([head.status, client.chunk]).to eq([200, "begun"])
        expect([client.say("body").chunk, client.chunk]).to eq(["body", nil])
        client.close
      end
    end

    it "is not answered to HTTP/1.0" do
      client = connect.say("POST /read HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
      await_stats(in_flight: 1)
      expect(client.say("body").answer).to have_attributes(status: 200, body: "body")
    end

    it "is not answered where there is no body" do
      expect(expecting("/read", body: "").answer).to have_attributes(status: 200, body: "")
    end

    it "may be answered, or not, if the body has come with the head" do
      client = connect.say(Protocol.post("/read", "body", "Expect: 100-continue"))
      answer = client.head
      answer = client.head if answer.status == 100
      expect([answer.status, client.exactly(4)]).to eq([200, "body"])
    end
  end
end
