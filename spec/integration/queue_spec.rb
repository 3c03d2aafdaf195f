# frozen_string_literal: true

require "support/integration"

RSpec.describe "connections and the queue" do
  in_both_modes do |mode|
    def target(name) = "/#{name}?#{rendezvous.path}"

    describe "a connection" do
      it "serves one request after another" do
        server = serve(Apps::Blocking)
        client = connect(server)
        responses = (1..20).map { |number| client.get("/number?#{number}").body }
        expect(responses).to eq((1..20).map(&:to_s))
        expect(server.stats).to include(accepted: 1, served: 20, connections: 1)
      end

      it "gets its responses in the order of its requests when they are pipelined" do
        server = serve(Apps::Blocking, workers: 2)
        client = connect(server)
        client.write((1..50).map { |number| "GET /number?#{number} HTTP/1.1\r\nHost: a\r\n\r\n" }.join)
        expect(Array.new(50) { client.read_response.body }).to eq((1..50).map(&:to_s))
      end

      it "gets its responses in order when the first is the slowest" do
        server = serve(Apps::Blocking, workers: 2)
        client = connect(server)
        client.write("GET #{target("wait")} HTTP/1.1\r\nHost: a\r\n\r\nGET /number?2 HTTP/1.1\r\nHost: a\r\n\r\n")
        visitor = rendezvous.next
        expect(HttpClient.get(server.port, "/free").body).to eq("free")
        visitor.answer("1")
        expect([client.read_response.body, client.read_response.body]).to eq(%w[1 2])
      end

      it "may pipeline requests with bodies" do
        client = connect(serve(Apps::Uploads))
        client.write(%w[one two three].map do |body|
          "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}"
        end.join)
        expect(Array.new(3) { client.read_response.body }).to eq(%w[one two three])
      end

      it "closes when the client asks for it" do
        client = connect(serve(Apps::Blocking))
        response = client.get("/free", "connection" => "close")
        expect([response.status, response["connection"]]).to eq([200, "close"])
        expect(client.closed_by_server?).to be(true)
      end

      it "closes after an HTTP/1.0 request, unless the client asks for keep-alive" do
        server = serve(Apps::Blocking)
        client = connect(server).write("GET /free HTTP/1.0\r\n\r\n")
        expect(client.read_response.body).to eq("free")
        expect(client.closed_by_server?).to be(true)
        client = connect(server)
        2.times do
          client.write("GET /free HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
          expect(client.read_response.body).to eq("free")
        end
      end

      it "may close without sending a request" do
        server = serve(Apps::Blocking)
        connect(server).close
        expect(HttpClient.get(server.port, "/free").status).to eq(200)
        eventually { server.stats[:connections].zero? }
        expect(server.stats).to include(accepted: 2, served: 1, disconnects: 0)
      end
    end

    describe "workers" do
      it "serve requests at the same time" do
        server = serve(Apps::Blocking, workers: 3)
        clients = Array.new(3) { connect(server).send_head("GET", target("wait")) }
        visitors = Array.new(3) { rendezvous.next }
        expect(server.stats).to include(in_flight: 3, queued: 0)
        visitors.each_with_index { |visitor, index| visitor.answer(index.to_s) }
        expect(clients.map { |client| client.read_response.body }).to match_array(%w[0 1 2])
      end

      if mode == :threaded || RUBY_VERSION >= "4"
        it "have as many threads as configured" do
          server = serve(Apps::Blocking, threads: 3)
          clients = Array.new(3) { connect(server).send_head("GET", target("whoami")) }
          Array.new(3) { rendezvous.next }.each(&:answer)
          ractors, threads = clients.map { |client| client.read_response.body.split }.transpose
          expect(ractors.uniq.size).to eq(1)
          expect(threads.uniq.size).to eq(3)
        end
      end

      it "are Ractors in ractor mode only" do
        server = serve(Apps::Blocking, workers: 2)
        expect(HttpClient.get(server.port, "/ractor").body).to eq(mode == :ractor ? "other" : "main")
      end
    end

    describe "the queue" do
      it "holds requests that wait for a worker" do
        server = serve(Apps::Blocking)
        clients = Array.new(3) { connect(server).send_head("GET", target("wait")) }
        visitor = rendezvous.next
        eventually { server.stats[:queued] == 2 }
        visitor.answer("1")
        %w[2 3].each { |text| rendezvous.next.answer(text) }
        expect(clients.map { |client| client.read_response.body }).to match_array(%w[1 2 3])
        expect(server.stats).to include(queued: 0, in_flight: 0, served: 3)
      end

      it "sends 503 when it is full" do
        server = serve(Apps::Blocking, queue_depth: 1, queue_timeout: 0)
        first = connect(server).send_head("GET", target("wait"))
        visitor = rendezvous.next
        second = connect(server).send_head("GET", "/free")
        eventually { server.stats[:queued] == 1 }
        response = HttpClient.get(server.port, "/free")
        expect(response.status).to eq(503)
        expect(response["retry-after"]).to match(/\A\d+\z/)
        expect(server.stats).to include(rejected: 1)
        visitor.answer("first")
        expect([first.read_response.body, second.read_response.body]).to eq(%w[first free])
        expect(HttpClient.get(server.port, "/free").status).to eq(200)
      end

      it "accepts a request that has waited for room" do
        server = serve(Apps::Blocking, queue_depth: 1, queue_timeout: 3600)
        first = connect(server).send_head("GET", target("wait"))
        visitor = rendezvous.next
        second = connect(server).send_head("GET", "/number?2")
        eventually { server.stats[:queued] == 1 }
        third = connect(server).send_head("GET", "/number?3")
        eventually { server.stats[:connections] == 3 }
        visitor.answer("1")
        expect([first, second, third].map { |client| client.read_response.body }).to eq(%w[1 2 3])
        expect(server.stats).to include(rejected: 0, served: 3)
      end

      it "keeps the connection open after 503" do
        server = serve(Apps::Blocking, queue_depth: 1, queue_timeout: 0)
        connect(server).send_head("GET", target("wait"))
        visitor = rendezvous.next
        connect(server).send_head("GET", "/free")
        eventually { server.stats[:queued] == 1 }
        client = connect(server)
        expect(client.get("/free").status).to eq(503)
        visitor.answer
        eventually { server.stats.values_at(:queued, :in_flight) == [0, 0] }
        expect(client.get("/free").status).to eq(200)
      end
    end

    describe "stats" do
      it "contain the configuration and counters" do
        server = serve(Apps::Blocking, workers: 2)
        expect(server.stats.except(:per_worker)).to eq(
          mode:, workers: 2, threads: 1, lanes: false, batch: 1, respawns: 0, connections: 0, accepted: 0,
          queued: 0, in_flight: 0, served: 0, rejected: 0, refused: 0, refusals: {}, disconnects: 0,
          dropped: 0, timeouts: 0, quarantined: 0, queue_wait_ms: {}, service_time_ms: {}
        )
        rows = Array.new(2) { |index| { index:, served: 0, busy_ms: nil, quarantined: false } }
        eventually { server.stats[:per_worker].sort_by { |row| row[:index] } == rows }
        clients = Array.new(3) { connect(server) }
        clients.each { |client| 4.times { client.get("/free") } }
        expect(server.stats).to include(connections: 3, accepted: 3, served: 12, in_flight: 0, queued: 0)
        expect(server.stats[:per_worker].sum { |row| row[:served] }).to eq(12)
        expect(server.stats.values_at(:queue_wait_ms, :service_time_ms).map(&:keys)).to all(eq(%i[p50 p95 p99 max]))
        clients.each(&:close)
        eventually { server.stats[:connections].zero? }
      end

      it "remain available after a shutdown" do
        server = serve(Apps::Blocking)
        HttpClient.get(server.port, "/free")
        server.shutdown
        expect(server.stats).to include(mode:, accepted: 1, served: 1, connections: 0, respawns: 0)
      end

      it "add up under load" do
        server = serve(Apps::Blocking, workers: 2)
        clients = Array.new(8) do
          concurrently do
            HttpClient.open(server.port) { |client| Array.new(50) { |number| client.get("/number?#{number}").body } }
          end
        end
        expect(clients.map(&:value)).to all(eq((0...50).map(&:to_s)))
        eventually { server.stats[:connections].zero? }
        expect(server.stats).to include(served: 400, accepted: 8, in_flight: 0, queued: 0, rejected: 0, refused: 0,
                                        disconnects: 0, dropped: 0, respawns: 0)
      end
    end
  end
end
