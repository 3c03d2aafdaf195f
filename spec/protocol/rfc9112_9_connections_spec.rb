# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Responds at once, or when the request body is complete.
  module Keeper
    extend Routes

    class << self
      def now(env) = ok(env["QUERY_STRING"])

      def body(env) = ok(env["rack.input"].read)

      def unread(_env) = ok("unread")

      def close(_env) = [200, { "connection" => "close" }, ["closing"]]

      def stream(env) = [200, HEADERS, [env["QUERY_STRING"]].each]

      # Responds with its worker, and keeps it busy until the request body is complete.
      def who(_env)
        [200, HEADERS, lambda { |stream|
          stream << "#{Ractor.current.object_id} #{Thread.current.object_id}"
          stream.read
        }]
      end
    end
  end
end

# RFC 9112 section 9.
RSpec.describe "HTTP/1.1 connections" do
  in_both_modes do
    def start(**) = serve(Protocol::Keeper, **)

    describe "persistence (RFC 9112 section 9.3)" do
      before { start }

      it "is the default" do
        client = connect
        3.times { |number| expect(client.get("/now?#{number}").body).to eq(number.to_s) }
        expect(client.get("/now")["connection"]).to be_nil
      end

      it "ends with connection: close, in any case and any position" do
        ["close", "Close", "foo, CLOSE", "close, bar"].each do |value|
          client = connect
          expect(client.get("/now?x", "Connection" => value)).to have_attributes(status: 200, body: "x")
          expect(client).to be_closed_by_server
        end
      end

      it "ends if the app sends connection: close" do
        client = connect
        expect(client.get("/close")["connection"]).to eq("close")
        expect(client).to be_closed_by_server
      end

      it "is off in HTTP/1.0, unless the client asks for it" do
        client = connect
        expect(client.exchange("GET /now?x HTTP/1.0\r\n\r\n").body).to eq("x")
        expect(client).to be_closed_by_server
        client = connect
        2.times do
          response = client.exchange("GET /now?x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
          expect([response.body, response["connection"]]).to eq(%w[x keep-alive])
        end
      end

      it "is off in HTTP/1.0 for a response of unknown length" do
        client = connect
        response = client.exchange("GET /stream?x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        expect([response.body, response["transfer-encoding"]]).to eq(["x", nil])
        expect(client).to be_closed_by_server
      end
    end

    describe "pipelining (RFC 9112 section 9.3.2)" do
      it "keeps the order" do
        start(workers: 2)
        client = connect.write(Protocol.request("POST", "/body", "Content-Length: 3"))
        client.write("one#{Array.new(20) { |number| Protocol.get("/now?#{number}") }.join}")
        expect(client.read_response.body).to eq("one")
        expect(Array.new(20) { client.read_response.body }).to eq(("0".."19").to_a)
      end

      it "works with bodies and all kinds of responses" do
        start
        client = connect.write([Protocol.post("/body", "one"), Protocol.get("/stream?two"),
                                Protocol.chunked("/body", "5\r\nthree\r\n0\r\n\r\n"),
                                Protocol.request("HEAD", "/now?x"), Protocol.get("/now?five")].join)
        expect(Array.new(3) { client.read_response.body }).to eq(%w[one two three])
        expect([client.read_response(to: "HEAD")["content-length"], client.read_response.body]).to eq(%w[1 five])
      end

      it "sends a refusal in order, and nothing after it" do
        start
        client = connect.write([Protocol.get("/now?1"), Protocol.post("/body", "2"), "BAD\r\n\r\n",
                                Protocol.get("/now?3")].join)
        expect([client.read_response.body, client.read_response.body]).to eq(%w[1 2])
        expect_refusal(client, 400)
        expect(server.stats).to include(served: 2, refusals: { bad_request_line: 1 })
      end

      it "serves nothing after connection: close" do
        start
        client = connect.write(Protocol.get("/now?1", "Connection: close") + Protocol.get("/now?2"))
        expect(client.read_response.body).to eq("1")
        expect(client).to be_closed_by_server
        expect(server.stats[:served]).to eq(1)
      end
    end

    describe "a body that the app has not read (RFC 9112 section 9.3)" do
      before { start }

      # Bytes that would pass for a request.
      def smuggled = Protocol.get("/now?smuggled")

      it "is not taken for a request" do
        [Protocol.post("/unread", smuggled),
         Protocol.chunked("/unread", "#{smuggled.bytesize.to_s(16)}\r\n#{smuggled}\r\n0\r\n\r\n")].each do |bytes|
          client = connect.write(bytes + Protocol.get("/now?next"))
          expect(client.read_response.body).to eq("unread")
          begin
            expect(client.read_response.body).to eq("next")
          rescue HttpClient::Broken
            expect(client).to be_closed_by_server # equally correct
          end
        end
      end

      it "is not taken for a request if it comes late" do
        client = connect.write(Protocol.request("POST", "/unread", "Content-Length: #{smuggled.bytesize}"))
        expect(client.read_response.body).to eq("unread")
        client.write(smuggled)
        expect(client).to be_closed_by_server
        expect(server.stats[:served]).to eq(1)
      end

      it "does not keep the response from the client, even if the body is large" do
        client = connect.write(Protocol.request("POST", "/unread", "Content-Length: 50000000"))
        upload = Thread.new do
          50.times { client.socket.write("x" * 1_000_000) }
          :all
        rescue SystemCallError
          :stopped
        end
        response = client.read_response
        expect([response.body, response["connection"]]).to eq(%w[unread close])
        expect(upload.value).to eq(:all)
        expect(client).to be_closed_by_server
      end

      it "does not keep the response from a client that sends everything before it reads" do
        { "/unread" => [20_000_000, 200], "/now" => [60_000_000, 413] }.each do |path, (length, status)|
          client = connect.write(Protocol.request("POST", path, "Content-Length: #{length}"))
          (length / 1_000_000).times { client.write("x" * 1_000_000) }
          expect(client.read_response.status).to eq(status)
          expect(client).to be_closed_by_server
        end
      end

      it "keeps the connection open no longer than linger_timeout" do
        start(linger_timeout: 0.05)
        client = connect.write(Protocol.request("POST", "/unread", "Content-Length: 50000000"))
        expect(client.read_response.body).to eq("unread")
        await_stats(connections: 0)
      end
    end

    it "are not bound to a worker" do
      start(workers: 2)
      waiting = Protocol.request("POST", "/who", "Content-Length: 1")
      begun = ->(client) { client.write(waiting).read_head && client.read_chunk }
      first, second = [connect, connect].map { |client| [client, begun[client]] }
      [first, second].each { |client, _| expect(client.write("x").read_chunk).to be_nil }
      # Both workers are busy, and the worker that served the first connection stays busy.
      busy = Array.new(2) { connect.then { |client| [begun[client], client] } }.to_h
      busy.fetch(second.last).write("x").read_chunk
      expect(begun[first.first]).to eq(second.last)
    end

    describe "max_keep_alive_requests" do
      it "is announced in the last response" do
        start(max_keep_alive_requests: 2)
        client = connect
        expect([client.get("/now")["connection"], client.get("/stream")["connection"]]).to eq([nil, "close"])
        expect(client).to be_closed_by_server
      end

      it "applies to pipelined requests" do
        start(max_keep_alive_requests: 2)
        client = connect.write(Protocol.get("/now?x") * 5)
        expect([client.read_response.body, client.read_response.body]).to eq(%w[x x])
        expect(client).to be_closed_by_server
        expect(server.stats[:served]).to eq(2)
      end
    end

    it "wait beyond max_connections until another connection closes" do
      start(max_connections: 2)
      first, second, third = Array.new(3) { connect }
      [first, second].each { |client| expect(client.get("/now?in").body).to eq("in") }
      third.write(Protocol.get("/now?third"))
      expect(first.get("/now?still").body).to eq("still")
      expect(server.stats).to include(accepted: 2, connections: 2)
      second.close
      expect(third.read_response.body).to eq("third")
    end

    describe "timeouts (RFC 9112 section 9.5)" do
      it "silently close a connection that has sent nothing after head_timeout" do
        start(head_timeout: 0.05)
        expect(connect).to be_closed_by_server
        expect(server.stats).to include(accepted: 1, refusals: {})
      end

      it "send 408 for an incomplete head after head_timeout (RFC 9110 section 15.5.9)" do
        start(head_timeout: 0.05)
        ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n", "HEAD / HTTP/1.1\r\n"].each do |bytes|
          expect_refusal(connect.write(bytes), 408, to: bytes.start_with?("HEAD ") ? "HEAD" : "GET")
        end
        expect(server.stats).to include(refusals: { head_timeout: 4 }, served: 0)
      end

      it "apply head_timeout to each head of a connection, from its first byte" do
        start(head_timeout: 0.05, keep_alive_timeout: 60)
        client = connect
        expect(client.get("/now?x").body).to eq("x")
        expect_refusal(client.write("GET"), 408)
      end

      it "silently close an idle connection after keep_alive_timeout" do
        start(keep_alive_timeout: 0.05)
        client = connect
        expect(client.get("/now?x").body).to eq("x")
        expect(client).to be_closed_by_server
        expect(server.stats[:refusals]).to eq({})
      end

      it "do not apply keep_alive_timeout while a response is pending" do
        start(keep_alive_timeout: 0.05, workers: 2)
        late = connect.write(Protocol.request("POST", "/body", "Content-Length: 1"))
        await_stats(in_flight: 1)
        idle = connect
        expect(idle.get("/now?x").body).to eq("x")
        expect(idle).to be_closed_by_server # so keep_alive_timeout is over
        expect(late.write("x").read_response.body).to eq("x")
      end
    end
  end
end
