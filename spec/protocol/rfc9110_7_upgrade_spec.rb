# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Speaks "echo": returns each line in capitals.
  module Upgrading
    extend Routes

    # A callable body that can be closed.
    class Echo
      def call(socket)
        while (line = socket.gets)
          socket << line.upcase
        end
      end

      def close = Notes.add("closed")
    end

    class << self
      def offered(env) = ok(env["rack.protocol"].inspect)

      # As in Rack's SPEC.
      def rack(env)
        watch(env)
        [101, { "rack.protocol" => "echo", "x-app" => "1" }, Echo.new]
      end

      # Rack leaves the status to the server, because it depends on the protocol.
      def rack_ok(_env) = [200, { "rack.protocol" => "echo" }, Echo.new]

      def by_hand(_env) = [101, { "connection" => "upgrade", "upgrade" => "echo" }, Echo.new]

      def other(env)
        watch(env)
        [101, { "rack.protocol" => "other" }, Echo.new]
      end

      def no_callable(env)
        watch(env)
        [101, { "rack.protocol" => "echo" }, Body.new("x")]
      end

      # Responds with the status in the query.
      def status(env)
        text = env["QUERY_STRING"]
        [text.include?(".") ? Float(text) : text, { "connection" => "upgrade", "upgrade" => "echo" }, Echo.new]
      end

      def no_headers(env)
        watch(env)
        [101, nil, Echo.new]
      end

      def raises(env)
        watch(env)
        [101, { "rack.protocol" => "echo" }, lambda { |socket|
          socket << "begun"
          raise "on purpose"
        }]
      end

      def kind(_env)
        [101, { "rack.protocol" => "echo" }, lambda { |socket|
          waited = socket.wait_readable(TIMEOUT).equal?(socket)
          note([socket.is_a?(IO), waited, socket.readpartial(10)].inspect)
        }]
      end

      def no(_env) = ok("no")
    end
  end
end

# RFC 9110 section 7.8.
RSpec.describe "HTTP upgrades" do
  in_both_modes do
    before { serve(Protocol::Upgrading) }

    def upgrade(target) = Protocol.get(target, "Connection: keep-alive, Upgrade", "Upgrade: echo")

    describe "rack.protocol in the env" do
      def offered(*) = connect.exchange(Protocol.get("/offered", *)).body

      it "lists the protocols that the client offers, in their order" do
        expect(offered).to eq("nil")
        expect(offered("Connection: upgrade", "Upgrade: echo")).to eq('["echo"]')
        expect(offered("Connection: upgrade", "Upgrade: a/1 , b", "Upgrade: c")).to eq('["a/1", "b", "c"]')
      end

      it "has no empty members (RFC 9110 section 5.6.1)" do
        expect(offered("Connection: upgrade", "Upgrade: a, ,b,")).to eq('["a", "b"]')
      end

      it "is absent without connection: upgrade, which the client must send" do
        expect(offered("Upgrade: echo")).to eq("nil")
      end

      it "is absent in HTTP/1.0, where Upgrade must be ignored" do
        bytes = "GET /offered HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
        expect(connect.exchange(bytes).body).to eq("nil")
      end
    end

    ["/rack", "/rack-ok", "/by-hand"].each do |target|
      it "switch protocols with a callable body, #{target}" do
        client = connect.write(upgrade(target))
        head = client.read_head
        expect(head.status).to eq(101)
        expect([head["connection"], head["upgrade"]]).to eq(%w[upgrade echo])
        expect(head.names & %w[content-length transfer-encoding rack.protocol]).to eq([])
        expect(client.write("one\n").socket.gets).to eq("ONE\n")
        client.write("two\nGET / HTTP/1.1\n").socket.close_write
        expect(client.read_rest).to eq("TWO\nGET / HTTP/1.1\n")
        expect(notes).to include("closed").once
      end
    end

    it "pass on bytes that the client sends ahead" do
      client = connect.write("#{upgrade("/rack")}ahead\n\0")
      expect(client.read_head["x-app"]).to eq("1")
      client.socket.close_write
      expect(client.read_rest).to eq("AHEAD\n\0")
    end

    it "pass on bytes that the client sends ahead, after a request with a body" do
      client = connect.write("#{Protocol.post("/rack", "hi", "Connection: upgrade", "Upgrade: echo")}ahead\n")
      client.read_head
      client.socket.close_write
      expect(client.read_rest).to eq("AHEAD\n")
    end

    it "give the body a real IO" do
      client = connect.write(upgrade("/kind"))
      client.read_head
      client.write("bytes")
      expect(client).to be_closed_by_server
      expect(notes).to eq(['[true, true, "bytes"]'])
    end

    it "close the socket if the body raises" do
      client = connect.write(upgrade("/raises"))
      expect([client.read_head.status, client.read_rest]).to eq([101, "begun"])
      expect(notes).to eq([["finished", true, 101, "RuntimeError"]])
      expect(log).to include("on purpose")
    end

    it "leave the connection as it was if the app declines them" do
      client = connect
      expect(client.exchange(upgrade("/no")).body).to eq("no")
      client.write(upgrade("/no") + Protocol.get("/no"))
      expect([client.read_response.body, client.read_response.body]).to eq(%w[no no])
    end

    it "cannot choose a protocol that the client did not offer" do
      expect(connect.exchange(upgrade("/other")).status).to eq(500)
      expect(connect.get("/rack").status).to eq(500)
      expect(notes.count("closed")).to eq(2)
      expect(log).to include("has not offered", "has not asked")
    end

    it "accept a String of digits as the status, and nothing else" do
      client = connect.write(upgrade("/status?101"))
      expect(client.read_head.status).to eq(101)
      client.socket.close_write
      expect(client.read_rest).to eq("")
      %w[0x65 1_01 101.9 101.0].each do |status|
        expect(connect.exchange(upgrade("/status?#{status}")).status).to eq(500)
        expect(log).to include("the status must be an Integer")
      end
    end

    it "need headers" do
      expect(connect.exchange(upgrade("/no-headers")).status).to eq(500)
      expect(notes).to eq(["closed", ["finished", true, 101, "Kino::InvalidResponseError"]])
      expect(log).to include("the headers must be a Hash, got NilClass")
    end

    it "need a callable body" do
      expect(connect.exchange(upgrade("/no-callable")).status).to eq(500)
      expect(notes).to eq(["closed", ["finished", true, 101, "Kino::InvalidResponseError"]])
      expect(log).to include("must respond to call")
    end

    it "leak nothing" do
      client = connect.write(upgrade("/rack"))
      client.read_head
      expect(server.stats[:in_flight]).to eq(0)
      client.reset
      await_stats(connections: 0)
      expect(notes).to include("closed").once
      expect(log).to match(/\A(kino: (Errno::ECONNRESET|Errno::EPIPE).*)?/)
    end
  end
end
