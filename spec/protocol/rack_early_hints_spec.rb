# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Send early hints.
  module Hinters
    extend Routes

    class << self
      # Sends hints, and responds when the body is complete.
      def waits(env)
        env["rack.early_hints"].call("link" => "</a.css>; rel=preload; as=style")
        env["rack.early_hints"].call("Link" => ["</b.js>; rel=preload", "</c.js>; rel=preload"], "x-b" => 2)
        ok(env["rack.input"].read)
      end

      def framed(env)
        env["rack.early_hints"].call("content-length" => "3", "transfer-encoding" => "chunked", "connection" => "close",
                                     "rack.hijack" => -> {}, "rack.protocol" => "echo", "link" => "</a>")
        ok("hi")
      end

      # Responds with what the call returned or raised.
      def outcome_of(env)
        bad = { "line" => { "link" => "a\r\nb" }, "name" => { "a b" => "c" }, "symbol" => { link: "a" }, "text" => "a" }
        ok(outcome { env["rack.early_hints"].call(bad.fetch(env["QUERY_STRING"], { "link" => "</a>" })) }.inspect)
      end

      # Sends hints of a request that is over.
      def keeps(env)
        Ractor.current[:kept_hints]&.call("link" => "</late>")
        Ractor.current[:kept_hints] = env["rack.early_hints"]
        ok("kept")
      end

      def late(env)
        [200, HEADERS, lambda { |stream|
          env["rack.early_hints"].call("link" => "</late>")
          stream << "streamed"
        }]
      end

      def upgrades(env)
        env["rack.early_hints"].call("link" => "</a>")
        env["rack.hijack"].call.then do |socket|
          socket << "raw"
          socket.close
        end
        nil
      end

      def hinted(env) = ok(env.key?("rack.early_hints").inspect)
    end
  end
end

# rack.early_hints in Rack's SPEC; RFC 8297 and RFC 9110 section 15.2.
RSpec.describe "Rack early hints" do
  def hints(client)
    head = client.read_head
    expect([head.version, head.status]).to eq(["HTTP/1.1", 103])
    head.headers
  end

  in_both_modes do
    it "are off by default" do
      serve(Protocol::Hinters)
      expect(connect.get("/hinted").body).to eq("false")
    end

    describe "with early_hints on" do
      before { serve(Protocol::Hinters, early_hints: true) }

      it "reach the client while the app is at work" do
        client = connect
        2.times do
          client.write(Protocol.request("POST", "/waits", "Content-Length: 4"))
          expect(hints(client)).to eq([["link", "</a.css>; rel=preload; as=style"]])
          expect(hints(client)).to eq([["link", "</b.js>; rel=preload"], ["link", "</c.js>; rel=preload"], %w[x-b 2]])
          expect(client.write("body").read_response).to have_attributes(status: 200, body: "body")
        end
      end

      it "come before the response of each pipelined request" do
        client = connect.write(Protocol.post("/waits", "one") + Protocol.post("/waits", "two"))
        %w[one two].each do |body|
          2.times { hints(client) }
          expect(client.read_response.body).to eq(body)
        end
      end

      it "have no framing, and leave the connection open" do
        client = connect
        2.times do
          client.write(Protocol.get("/framed"))
          expect(hints(client)).to eq([["link", "</a>"]])
          expect(client.read_response.body).to eq("hi")
        end
      end

      it "are not sent to HTTP/1.0 clients" do
        response = connect.exchange("GET /outcome-of HTTP/1.0\r\n\r\n")
        expect([response.status, response.body]).to eq([200, "nil"])
      end

      it "are sent before the response to HEAD" do
        client = connect.write(Protocol.request("HEAD", "/outcome-of"))
        expect(hints(client)).to eq([["link", "</a>"]])
        expect(client.read_response(to: "HEAD").status).to eq(200)
        expect(client.get("/hinted").body).to eq("true")
      end

      it "raise for headers that cannot be sent, and send nothing then" do
        %w[line name symbol text].each do |bad|
          expect(connect.get("/outcome-of?#{bad}").body).to eq("Kino::InvalidResponseError")
        end
      end

      it "are not sent once the response has begun, or the request is over" do
        client = connect
        expect(client.get("/late")).to have_attributes(status: 200, body: "streamed")
        2.times { expect(client.get("/keeps")).to have_attributes(status: 200, body: "kept") }
      end

      it "come before the bytes of a hijacked connection" do
        client = connect.write(Protocol.get("/upgrades"))
        expect(hints(client)).to eq([["link", "</a>"]])
        expect(client.read_rest).to eq("raw")
      end
    end
  end
end
