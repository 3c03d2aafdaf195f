# frozen_string_literal: true

require "support/integration"

RSpec.describe "requests that take too long" do
  in_both_modes do |mode|
    def target(name) = "/#{name}?#{meeting.path}"

    describe "request_timeout" do
      it "answers 504, and the handler's late answer goes nowhere" do
        server = serve(Apps::Doors, request_timeout: 0.05)
        wire = connect(server).send_head("GET", target("wait"))
        visitor = meeting.next
        expect(wire.read_answer.status).to eq(504)
        expect(server.stats).to include(timeouts: 1, in_flight: 1)
        visitor.answer("too late")
        eventually("the handler has run on") { server.stats[:in_flight].zero? }
        expect(Wire.get(server.port, "/free").body).to eq("free")
        expect(server.stats).to include(timeouts: 1, served: 2, respawns: 0)
      end

      it "answers those that wait for a worker, which never sees them" do
        server = serve(Apps::Doors, request_timeout: 0.05)
        first = connect(server).send_head("GET", target("wait"))
        visitor = meeting.next
        second = connect(server).send_head("GET", target("wait"))
        expect([first, second].map { |wire| wire.read_answer.status }).to eq([504, 504])
        visitor.answer
        expect(Wire.get(server.port, "/free").status).to eq(200)
        expect(meeting.told).to eq([])
        expect(server.stats).to include(timeouts: 2, queued: 0)
      end

      it "leaves an answer alone that has begun" do
        server = serve(Apps::Doors, request_timeout: 0.05)
        wire = connect(server).send_head("GET", target("wait-midway"))
        expect(wire.read_first_chunk).to eq("first ")
        visitor = meeting.next
        expect(connect(server).send_head("GET", "/free").read_answer.status).to eq(504)
        visitor.answer("second")
        expect([wire.read_chunk, wire.read_chunk]).to eq(["second", nil])
      end

      it "answers while the app waits for the body" do
        server = serve(Apps::Uploads, request_timeout: 0.05)
        wire = connect(server).send_head("POST", "/read", "content-length" => 6)
        wire.write("abc")
        expect(wire.read_answer.status).to eq(504)
        eventually { server.stats[:in_flight].zero? }
        expect(server.stats).to include(timeouts: 1, respawns: 0)
      end
    end

    it "are told how long they waited, if it is asked for" do
      server = serve(Apps::Waits, queue_ms: true)
      expect(Float(Wire.get(server.port).body)).to be >= 0
      expect(Wire.get(serve(Apps::Waits).port).body).to eq("none")
    end

    it "leave what a proxy says of their wait as it is" do
      [true, false].each do |queue_ms|
        env = Apps::EnvDump.parse(Wire.get(serve(Apps::EnvDump, queue_ms:).port, "/", "x-request-start" => "t=1.5"))
        expect(env).to include("HTTP_X_REQUEST_START" => "t=1.5")
      end
    end

    describe "quarantine_timeout" do
      it "sets their worker aside, and starts another in its place" do
        server = serve(Apps::Doors, quarantine_timeout: 0.05)
        wire = connect(server).send_head("GET", target("wait"))
        visitor = meeting.next
        expect(Wire.get(server.port, "/free").body).to eq("free")
        expect(server.stats).to include(quarantined: 1, respawns: 0, workers: 1)
        visitor.answer("at last")
        expect(wire.read_answer.body).to eq("at last")
        eventually("it has left") { server.stats[:per_worker].map { |row| row[:quarantined] } == [false] }
        expect(Wire.get(server.port, "/free").body).to eq("free")
        lines = eventually { log.text.lines.then { |all| all if all.size == 2 } }
        expect(lines).to match(
          [/\Akino: kino-worker-1 has been at one request for more than 0\.05 s: it is quarantined/,
           "kino: kino-worker-1 was quarantined and has left\n"]
        )
      end

      it "sets as many aside as it may" do
        server = serve(Apps::Doors, quarantine_timeout: 0.05, quarantine_max: 1)
        wires = Array.new(2) { connect(server).send_head("GET", target("wait")) }
        visitors = Array.new(2) { meeting.next }
        queued = connect(server).send_head("GET", "/free")
        eventually { server.stats[:queued] == 1 }
        expect(server.stats).to include(quarantined: 1)
        visitors.first.answer("one")
        expect(queued.read_answer.body).to eq("free") # the second is set aside once the first has left
        visitors.last.answer("two")
        expect(wires.map { |wire| wire.read_answer.body }).to match_array(%w[one two])
        log.text
      end

      it "goes with request_timeout" do
        server = serve(Apps::Doors, quarantine_timeout: 0.05, request_timeout: 0.02)
        wire = connect(server).send_head("GET", target("wait"))
        visitor = meeting.next
        expect(wire.read_answer.status).to eq(504)
        eventually { server.stats[:quarantined] == 1 }
        visitor.answer
        eventually { server.stats[:per_worker].map { |row| row[:quarantined] } == [false] }
        log.text
      end

      it "does not hold up a shutdown" do
        server = serve(Apps::Doors, quarantine_timeout: 0.05)
        connect(server).send_head("GET", target("wait"))
        meeting.next
        eventually { server.stats[:quarantined] == 1 }
        server.shutdown(timeout: 0)
        expect(server.wait).to be(server)
        log.text
      end

      if mode == :threaded || RUBY_VERSION >= "4"
        it "sets single threads aside, where a worker has several" do
          server = serve(Apps::Doors, threads: 2, quarantine_timeout: 0.05)
          wires = Array.new(2) { connect(server).send_head("GET", target("wait")) }
          visitors = Array.new(2) { meeting.next }
          expect(Wire.get(server.port, "/free").body).to eq("free")
          eventually { server.stats[:quarantined] == 2 }
          visitors.each { |visitor| visitor.answer("at last") }
          expect(wires.map { |wire| wire.read_answer.body }).to eq(["at last"] * 2)
          eventually { server.stats[:per_worker].map { |row| row[:quarantined] } == [false, false] }
          eventually { log.text.scan("was quarantined and has left").size == 2 }
          server.shutdown
        end
      end
    end
  end
end
