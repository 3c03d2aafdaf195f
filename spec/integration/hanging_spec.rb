# frozen_string_literal: true

require "support/integration"

RSpec.describe "requests that take too long" do
  in_both_modes do |mode|
    def target(name) = "/#{name}?#{rendezvous.path}"

    describe "request_timeout" do
      it "sends 504, and discards the handler's late response" do
        server = serve(Apps::Blocking, request_timeout: 0.05)
        client = connect(server).send_head("GET", target("wait"))
        visitor = rendezvous.next
        expect(client.read_response.status).to eq(504)
        expect(server.stats).to include(timeouts: 1, in_flight: 1)
        visitor.answer("too late")
        eventually("the handler has run on") { server.stats[:in_flight].zero? }
        expect(HttpClient.get(server.port, "/free").body).to eq("free")
        expect(server.stats).to include(timeouts: 1, served: 2, respawns: 0)
      end

      it "applies to requests that wait for a worker, and no worker sees them" do
        server = serve(Apps::Blocking, request_timeout: 0.05)
        first = connect(server).send_head("GET", target("wait"))
        visitor = rendezvous.next
        second = connect(server).send_head("GET", target("wait"))
        expect([first, second].map { |client| client.read_response.status }).to eq([504, 504])
        visitor.answer
        expect(HttpClient.get(server.port, "/free").status).to eq(200)
        expect(rendezvous.texts).to eq([])
        expect(server.stats).to include(timeouts: 2, queued: 0)
      end

      it "does not apply once the response has started" do
        server = serve(Apps::Blocking, request_timeout: 0.05)
        client = connect(server).send_head("GET", target("wait-midway"))
        expect(client.read_first_chunk).to eq("first ")
        visitor = rendezvous.next
        expect(connect(server).send_head("GET", "/free").read_response.status).to eq(504)
        visitor.answer("second")
        expect([client.read_chunk, client.read_chunk]).to eq(["second", nil])
      end

      it "applies while the app waits for the body" do
        server = serve(Apps::Uploads, request_timeout: 0.05)
        client = connect(server).send_head("POST", "/read", "content-length" => 6)
        client.write("abc")
        expect(client.read_response.status).to eq(504)
        eventually { server.stats[:in_flight].zero? }
        expect(server.stats).to include(timeouts: 1, respawns: 0)
      end
    end

    it "carry their queue time if queue_ms is set" do
      server = serve(Apps::QueueTime, queue_ms: true)
      expect(Float(HttpClient.get(server.port).body)).to be >= 0
      expect(HttpClient.get(serve(Apps::QueueTime).port).body).to eq("none")
    end

    it "leave a proxy's x-request-start as it is" do
      [true, false].each do |queue_ms|
        server = serve(Apps::EnvDump, queue_ms:)
        env = Apps::EnvDump.parse(HttpClient.get(server.port, "/", "x-request-start" => "t=1.5"))
        expect(env).to include("HTTP_X_REQUEST_START" => "t=1.5")
      end
    end

    describe "quarantine_timeout" do
      it "quarantines the worker, and starts another" do
        server = serve(Apps::Blocking, quarantine_timeout: 0.05)
        client = connect(server).send_head("GET", target("wait"))
        visitor = rendezvous.next
        expect(HttpClient.get(server.port, "/free").body).to eq("free")
        expect(server.stats).to include(quarantined: 1, respawns: 0, workers: 1)
        visitor.answer("at last")
        expect(client.read_response.body).to eq("at last")
        eventually("it has left") { server.stats[:per_worker].map { |row| row[:quarantined] } == [false] }
        expect(HttpClient.get(server.port, "/free").body).to eq("free")
        lines = eventually { log.lines.then { |all| all if all.size == 2 } }
        expect(lines).to match(
          [/\Akino: kino-worker-1 has been at one request for more than 0\.05 s: it is quarantined/,
           "kino: kino-worker-1 was quarantined and has left\n"]
        )
      end

      it "quarantines no more threads than quarantine_max" do
        server = serve(Apps::Blocking, quarantine_timeout: 0.05, quarantine_max: 1)
        clients = Array.new(2) { connect(server).send_head("GET", target("wait")) }
        visitors = Array.new(2) { rendezvous.next }
        queued = connect(server).send_head("GET", "/free")
        eventually { server.stats[:queued] == 1 }
        expect(server.stats).to include(quarantined: 1)
        visitors.first.answer("one")
        expect(queued.read_response.body).to eq("free") # the second is quarantined once the first has left
        visitors.last.answer("two")
        expect(clients.map { |client| client.read_response.body }).to match_array(%w[one two])
        log
      end

      it "works with request_timeout" do
        server = serve(Apps::Blocking, quarantine_timeout: 0.05, request_timeout: 0.02)
        client = connect(server).send_head("GET", target("wait"))
        visitor = rendezvous.next
        expect(client.read_response.status).to eq(504)
        eventually { server.stats[:quarantined] == 1 }
        visitor.answer
        eventually { server.stats[:per_worker].map { |row| row[:quarantined] } == [false] }
        log
      end

      it "does not hold up a shutdown" do
        server = serve(Apps::Blocking, quarantine_timeout: 0.05)
        connect(server).send_head("GET", target("wait"))
        rendezvous.next
        eventually { server.stats[:quarantined] == 1 }
        server.shutdown(timeout: 0)
        expect(server.wait).to be(server)
        log
      end

      if mode == :threaded || RUBY_VERSION >= "4"
        it "quarantines single threads if a worker has several" do
          server = serve(Apps::Blocking, threads: 2, quarantine_timeout: 0.05)
          clients = Array.new(2) { connect(server).send_head("GET", target("wait")) }
          visitors = Array.new(2) { rendezvous.next }
          expect(HttpClient.get(server.port, "/free").body).to eq("free")
          eventually { server.stats[:quarantined] == 2 }
          visitors.each { |visitor| visitor.answer("at last") }
          expect(clients.map { |client| client.read_response.body }).to eq(["at last"] * 2)
          eventually { server.stats[:per_worker].map { |row| row[:quarantined] } == [false, false] }
          eventually { log.scan("was quarantined and has left").size == 2 }
          server.shutdown
        end
      end
    end
  end
end
