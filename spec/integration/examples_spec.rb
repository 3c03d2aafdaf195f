# frozen_string_literal: true

require "support/examples_server"
require "support/examples_websocket"

# The examples as a reader would start them.
RSpec.describe "examples" do
  shared_context "with an example" do |name, options, linted|
    let(:server) { @server }
    let(:clients) { [] }

    before(:context) { HangGuard.watch { @server = ExamplesServer.new(name, options, linted:) } }
    after { clients.each(&:close) }

    # Nothing in these examples makes the server write to stderr.
    after(:context) do
      status = HangGuard.watch { @server.stop }
      raise "it ended with #{status.inspect} and wrote: #{@server.log}" unless status.success? && @server.log.empty?
    ensure
      @server.close
    end

    def connect = HttpClient.open(server.port).tap { |client| clients << client }
  end

  modes = { "ractor" => %w[--mode ractor --workers 3 --threads 1],
            "threaded" => %w[--mode threaded --workers 1 --threads 4] }
  modes.to_a.product([false, true]).each do |(mode, options), linted|
    slots = { "ractor" => 3, "threaded" => 4 }.fetch(mode)

    context "in #{mode} mode#{" under Rack::Lint" if linted}" do
      describe "hello" do
        include_context "with an example", "hello", options, linted

        it "says which mode serves it" do
          expect(server.banner).to include("mode: #{mode}")
          expect(server.get("/").body).to include("<dt>mode</dt><dd>#{mode}</dd>")
        end

        it "says which worker serves the request" do
          who = mode == "ractor" ? /\ARactor:#\d+ kino-worker-[1-3]\n\z/ : /\Athread kino-worker-1-[1-4] of the main/
          expect(Array.new(20) { server.get("/whoami").body }).to all(match(who))
        end

        it "answers HEAD with the headers of GET" do
          lengths = [server.head("/whoami"), server.get("/whoami")].map { |response| response["content-length"] }
          expect(lengths.uniq).to match([/\A\d+\z/])
        end

        it "responds 404 to other paths" do
          expect(server.get("/nowhere").status).to eq(404)
        end
      end

      describe "websocket" do
        include_context "with an example", "websocket", options, linted

        let(:client) { open_websocket }

        def open_websocket(**) = ExamplesWebSocket.new(connect, **)

        it "serves its page" do
          expect(server.get("/")).to have_attributes(status: 200, body: /new WebSocket/)
          expect(server.get("/")["content-type"]).to match(%r{\Atext/html\b})
        end

        it "upgrades the connection" do
          expect(client.head).to have_attributes(version: "HTTP/1.1", status: 101, fields: include(
            %w[upgrade websocket], %w[connection upgrade], ["sec-websocket-accept", ExamplesWebSocket::ACCEPT]
          ))
        end

        it "ignores the case of the protocol, and picks the first protocol that it speaks" do
          expect(open_websocket(Upgrade: "h2c, WebSocket").head["upgrade"]).to eq("WebSocket")
        end

        it "echoes text and bytes with every encoding of the length" do
          ["", "Grüße 世界", "k" * 125, "k" * 126, "k" * 65_535, "k" * 65_536, "k" * (1024 * 1024)].each do |text|
            client.frame(ExamplesWebSocket::TEXT, text)
            expect(client.receive).to eq([ExamplesWebSocket::TEXT, text.b])
          end
          bytes = (0..255).to_a.pack("C*")
          client.frame(ExamplesWebSocket::BINARY, bytes)
          expect(client.receive).to eq([ExamplesWebSocket::BINARY, bytes])
        end

        it "reads a frame that was sent before the response to the upgrade" do
          client = open_websocket(ahead: "\x81\x82\0\0\0\0hi".b)
          expect(client.receive).to eq([ExamplesWebSocket::TEXT, "hi"])
        end

        it "joins fragments with a ping between them" do
          start, rest = "Grüße".b.unpack("a3a*") # within a character
          client.frame(ExamplesWebSocket::TEXT, start, flags: 0)
          client.frame(ExamplesWebSocket::PING, "still there?")
          client.frame(ExamplesWebSocket::CONTINUATION, "", flags: 0)
          client.frame(ExamplesWebSocket::CONTINUATION, rest)
          expect(Array.new(2) { client.receive }).to eq(
            [[ExamplesWebSocket::PONG, "still there?"], [ExamplesWebSocket::TEXT, "Grüße".b]]
          )
        end

        it "ignores an unsolicited pong" do
          client.frame(ExamplesWebSocket::PONG, "here I am")
          client.frame(ExamplesWebSocket::TEXT, "go on")
          expect(client.receive).to eq([ExamplesWebSocket::TEXT, "go on"])
        end

        it "answers a close and ends the connection" do
          client.frame(ExamplesWebSocket::CLOSE, [4321, "bye"].pack("na*"))
          expect([client.receive_close, client.ended?]).to eq([[4321, "bye"], true])
        end

        it "answers a close without a code" do
          client.frame(ExamplesWebSocket::CLOSE)
          expect([client.receive_close, client.ended?]).to eq([[1000, ""], true])
        end

        mib = 1024 * 1024
        # Frames that are refused for their heads are sent without their payload, which would not be read.
        {
          "a frame that is not masked" => [1002, [[1, "hi", { is_masked: false }]]],
          "an extension bit" => [1002, [[1, "", { flags: 0xc0 }]]],
          "an unknown opcode" => [1002, [[3, ""]]],
          "a fragmented ping" => [1002, [[9, "", { flags: 0 }]]],
          "a ping that is too long" => [1002, [[9, "", { length: 126 }]]],
          "a continuation without a message" => [1002, [[0, ""]]],
          "a message inside another" => [1002, [[1, "a", { flags: 0 }], [1, "b"]]],
          "a close code that must not be sent" => [1002, [[8, [1005].pack("n")]]],
          "half a close code" => [1002, [[8, "\x03"]]],
          "a reason that is not UTF-8" => [1007, [[8, "\x03\xe8\xff".b]]],
          "text that is not UTF-8" => [1007, [[1, "\xc3".b]]],
          "a frame that is too long" => [1009, [[2, "", { length: mib + 1 }]]],
          "a frame longer than any memory" => [1009, [[2, "", { length: (2**64) - 1 }]]],
          "fragments that are too long together" => [1009, [[2, "x" * mib, { flags: 0 }], [0, "", { length: 1 }]]]
        }.each do |fault, (code, frames)|
          it "closes with #{code} for #{fault}" do
            frames.each { |opcode, payload, broken| client.frame(opcode, payload, **broken.to_h) }
            expect([client.receive_close.first, client.ended?]).to eq([code, true])
          end
        end

        it "does not upgrade requests without a valid WebSocket handshake" do
          %w[Sec-WebSocket-Key Sec-WebSocket-Version Upgrade].each do |name|
            expect(open_websocket("#{name}": nil)).to have_attributes(
              status: 426, head: have_attributes(fields: include(%w[upgrade websocket], %w[sec-websocket-version 13]))
            )
          end
          expect(open_websocket("Sec-WebSocket-Version": "8").status).to eq(426)
          expect(open_websocket("Sec-WebSocket-Key": "short").status).to eq(426)
        end

        it "upgrades requests from its own pages only" do
          expect(open_websocket(Origin: "http://example.org").status).to eq(101)
          expect(open_websocket(Origin: "http://elsewhere.example").status).to eq(403)
        end

        it "frees its worker when a client disconnects without a close frame" do
          (slots * 3).times do |index|
            client = open_websocket
            client.frame(ExamplesWebSocket::TEXT, index.to_s)
            expect(client.receive.last).to eq(index.to_s)
            client.close
          end
          expect(server.get("/").status).to eq(200)
        end

        it "serves as many connections as it has threads, and another request when a connection closes" do
          clients = Array.new(slots) { open_websocket }
          waiting = connect.send_head("GET", "/")
          clients.each_with_index do |client, index|
            client.frame(ExamplesWebSocket::TEXT, index.to_s)
            expect(client.receive.last).to eq(index.to_s)
          end
          clients.first.close
          expect(waiting.read_head.status).to eq(200)
        end
      end

      { "roda" => "Roda", "sinatra" => "Sinatra" }.each do |name, framework|
        describe name do
          include_context "with an example", name, options, linted

          it "says whether Ractors or threads run it" do
            runs = mode == "ractor" ? "Ractors" : "threads"
            expect(server.banner).to include("mode: #{mode}")
            expect(server.get("/").body).to match(/\A#{framework} [\d.]+ on #{runs}\n\z/)
          end

          it "routes by name, number and pattern" do
            expect(server.get("/squares/12").body).to eq("144\n")
            expect(server.get("/dates/2026-11").body).to eq("11/2026\n")
            expect(%w[/squares/x /dates/x /nowhere].map { |path| server.get(path).status }).to all(eq(404))
          end

          it "reads a form, and sets a status and a header" do
            response = server.post("/greetings", "name=Ko+%C3%84")
            expect(response).to have_attributes(status: 201, body: "Hello, Ko Ä!\n".b)
            expect(server.post("/greetings", "")["x-greeted"]).to eq("yes")
          end

          it "reads the parameters of a path and of the query" do
            expect(server.post("/greetings?name=you", "").body).to eq("Hello, you!\n")
          end

          it "redirects" do
            expect(server.get("/old")).to have_attributes(status: eq(302) | eq(303), names: include("location"))
          end

          it "serves concurrent requests from all workers" do
            clients = Array.new(8) { Thread.new { Array.new(25) { server.get("/whoami").body } } }
            expect(clients.flat_map(&:value)).to all(match(/\Akino-worker-\d(-\d)?\n\z/))
          end
        end
      end

      describe "sinatra" do
        include_context "with an example", "sinatra", options, linted

        it "runs filters before and after" do
          expect(server.get("/").headers).to include(%w[x-served-by Sinatra], %w[x-status 200])
        end

        it "has a page for unknown paths" do
          expect(server.get("/nowhere").body).to eq("Nothing here.\n")
        end
      end

      describe "events" do
        include_context "with an example", "events", options, linted

        # @return [HttpClient] that has read the head of the stream
        def open_stream(query = "every=0.005", headers = {})
          client = connect.send_head("GET", "/events?#{query}", headers)
          head = client.read_head
          expect([head.version, head.status, head["content-type"]]).to eq(["HTTP/1.1", 200, "text/event-stream"])
          client
        end

        # Each chunk is one write, and each write is one event.
        # @return [Array(Integer, Integer, String), nil] id, number and worker; nil at the end of the stream
        def event(client)
          chunk = client.read_chunk or return

          id, number, who = chunk.match(/\Aid: (\d+)\ndata: (\d+) (\S+)\n\n\z/).captures
          [id.to_i, number.to_i, who]
        end

        it "serves its page" do
          expect(server.get("/")).to have_attributes(status: 200, body: /new EventSource/)
          expect(server.get("/")["content-type"]).to match(%r{\Atext/html\b})
        end

        it "keeps streaming while other workers serve other requests" do
          stream = open_stream
          streamers, others = Array.new(50) do |index|
            id, number, who = event(stream)
            expect([id, number]).to eq([index + 1, index + 1])
            [who, server.get("/now").body.chomp]
          end.transpose.map(&:uniq)
          expect(streamers.size).to eq(1)
          expect(others & streamers).to be_empty
          expect([*others, *streamers]).to all(match(/\Akino-worker-\d(-\d)?\z/))
        end

        it "resumes after the last event that a browser got" do
          expect(event(open_stream("every=1", "Last-Event-ID" => "41")).first).to eq(42)
        end

        it "ends the stream after 300 events, to let other clients in" do
          stream = open_stream("every=0.001")
          ids = []
          while (id, = event(stream))
            ids << id
          end
          expect(ids).to eq((1..300).to_a)
        end

        it "frees its worker when a client disconnects" do
          (slots * 3).times do
            stream = open_stream
            expect([event(stream), event(stream)].map(&:first)).to eq([1, 2])
            stream.close
          end
          expect(Array.new(slots) { event(open_stream).last }.uniq.size).to eq(slots)
        end

        it "serves as many streams as it has threads, and another request when a stream closes" do
          streams = Array.new(slots) { open_stream }
          waiting = connect.send_head("GET", "/now")
          expect(streams.map { |stream| Array.new(5) { event(stream).first } }).to all(eq([1, 2, 3, 4, 5]))
          free = event(streams.first).last
          streams.first.close
          expect(waiting.read_response).to have_attributes(status: 200, body: "#{free}\n")
        end
      end
    end
  end
end
