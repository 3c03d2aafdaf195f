# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Hijacks connections.
  module Hijackers
    extend Routes

    class << self
      # Writes a whole response itself.
      def full(env)
        watch(env)
        socket = env["rack.hijack"].call
        socket << "raw"
        socket << socket.gets
        socket.close
        [500, { "x-unsent" => "1" }, Body.new("not sent")]
      end

      def kind(env)
        socket = env["rack.hijack"].call
        idle = IO.select([socket], [socket], nil, 0)
        socket << "ready\n"
        found = IO.select([socket], nil, nil, TIMEOUT) # rubocop:disable Lint/IncompatibleIoSelectWithFiberScheduler
        note([socket.is_a?(IO), env["rack.hijack"].call.equal?(socket), idle == [[], [socket], []],
              found&.first&.first.equal?(socket), socket.read_nonblock(10)].inspect)
        socket.close
        nil
      end

      def raises(env)
        watch(env)
        socket = env["rack.hijack"].call
        socket << "raw"
        socket.close
        raise "on purpose"
      end

      # A thread of the app reads the socket; the worker is free.
      def detached(env)
        socket = env["rack.hijack"].call
        Thread.new do
          socket << "bye #{socket.gets}"
          socket.close
        end
        nil
      end

      # Reads two lines.
      def lines(env)
        socket = env["rack.hijack"].call
        note(socket.gets + socket.gets)
        socket.close
        nil
      end

      def partial(env)
        watch(env)
        hijack = lambda { |socket|
          socket << "raw "
          socket << socket.gets
          socket.close
        }
        [200, { "x-app" => "1", "rack.hijack" => hijack }, Body.new("not sent")]
      end

      def partial_raises(env)
        watch(env)
        [200, { "rack.hijack" => ->(socket) { socket << "raw" and raise "on purpose" } }, []]
      end

      def partial_bad(_env)
        [200, { "x" => "a\nb", "rack.hijack" => ->(_) { note("called") } }, Body.new]
      end

      # Responds with the status in the query. The callable must not be called if the response has no content.
      def partial_bodiless(env)
        watch(env)
        hijack = lambda { |socket|
          note("called")
          socket.close
        }
        [env["QUERY_STRING"], { "x-app" => "1", "rack.hijack" => hijack }, Body.new("not sent")]
      end

      def partial_none(env)
        watch(env)
        [200, { "rack.hijack" => nil, "rack.protocol" => nil }, Body.new("sent")]
      end

      def late(env)
        [200, HEADERS, lambda { |stream|
          stream << outcome { env["rack.hijack"].call }.name
        }]
      end

      def fine(_env) = ok("fine")
    end
  end
end

# Hijacking in Rack's SPEC.
RSpec.describe "Rack hijacking" do
  in_both_modes do
    before { serve(Protocol::Hijackers) }

    describe "(full)" do
      it "sends only the bytes that the app writes, and closes the returned body" do
        client = connect.write(Protocol.get("/full"))
        expect(client.read_exactly(3)).to eq("raw")
        client.write("no HTTP\n")
        expect(client.read_rest).to eq("no HTTP\n")
        expect(notes).to eq(["closed", ["finished", true, 500, nil]])
        await_stats(in_flight: 0)
        expect(server.stats).to include(disconnects: 0, dropped: 0, refusals: {})
      end

      it "returns a real IO, and the same one for each call" do
        client = connect.write(Protocol.get("/kind"))
        expect(client.read_exactly(6)).to eq("ready\n")
        client.write("bytes")
        expect(client).to be_closed_by_server
        expect(notes).to eq(['[true, true, true, true, "bytes"]'])
      end

      it "sends nothing if the app raises" do
        expect(connect.write(Protocol.get("/raises")).read_rest).to eq("raw")
        expect(notes).to eq([["finished", true, nil, "RuntimeError"]])
        expect(log).to include("on purpose")
      end

      it "frees the worker" do
        client = connect.write(Protocol.get("/detached"))
        expect(connect.get("/fine").body).to eq("fine")
        client.write("bye\n")
        expect(client.read_rest).to eq("bye bye\n")
      end

      it "gives the app the bytes that the client sent ahead, and nothing else" do
        client = connect.write("#{Protocol.get("/lines")}ahead\n\0GET / HTTP/1.1\n")
        expect(client.read_rest).to eq("")
        expect(notes).to eq(["ahead\n\0GET / HTTP/1.1\n"])
      end

      it "gives the app the bytes that an upgrading client sent ahead" do
        request = Protocol.get("/lines", "Connection: upgrade", "Upgrade: echo")
        client = connect.write("#{request}ahead\n\0GET / HTTP/1.1\n")
        expect(client.read_rest).to eq("")
        expect(notes).to eq(["ahead\n\0GET / HTTP/1.1\n"])
      end

      it "is too late once the response has started" do
        expect(connect.get("/late").body).to eq("Kino::Error")
      end
    end

    describe "(partial)" do
      it "sends the head, and then the bytes that the app writes" do
        client = connect.write(Protocol.get("/partial"))
        head = client.read_head
        expect([head.status, head["x-app"], head["connection"]]).to eq([200, "1", "close"])
        expect(head.names & %w[rack.hijack content-length transfer-encoding]).to eq([])
        expect(client.read_exactly(4)).to eq("raw ")
        client.write("line\n")
        expect(client.read_rest).to eq("line\n")
        expect(notes).to eq(["closed", ["finished", true, 200, nil]])
      end

      # Like Puma: after HEAD, a client would take any further bytes for the next response.
      it "sends only the head for a response without content" do
        client = connect
        [["HEAD", 200], ["GET", 204], ["GET", 304]].each do |method, status|
          response = client.exchange(Protocol.request(method, "/partial-bodiless?#{status}"))
          expect([response.status, response["x-app"], response.body]).to eq([status, "1", ""])
          expect(notes).to eq(["closed", ["finished", true, status.to_s, nil]])
        end
        expect(client.get("/fine").body).to eq("fine")
      end

      it "is an ordinary response if there is no callable" do
        expect(connect.get("/partial-none")).to have_attributes(status: 200, body: "sent")
        expect(notes).to eq(["closed", ["finished", true, 200, nil]])
      end

      it "ends the connection if the callable raises" do
        client = connect.write(Protocol.get("/partial-raises"))
        expect([client.read_head.status, client.read_rest]).to eq([200, "raw"])
        expect(notes).to eq([["finished", true, 200, "RuntimeError"]])
        expect(log).to include("on purpose")
      end

      it "is a 500 if the head cannot be sent" do
        expect(connect.get("/partial-bad").status).to eq(500)
        expect(notes).to eq(["closed"])
        expect(log).to include("control characters")
      end
    end

    it "leaks nothing" do
      before = Dir.children("/dev/fd").size
      5.times do
        connect.write(Protocol.get("/full")).write("x\n").read_rest
        connect.write(Protocol.get("/partial")).write("x\n").read_rest
      end
      @clients.each(&:close)
      eventually("all are closed") { Dir.children("/dev/fd").size <= before }
      await_stats(connections: 0, in_flight: 0)
    end
  end
end
