# frozen_string_literal: true

require "support/integration"

RSpec.describe "workers that die" do
  in_both_modes do |mode|
    deaths = {
      "exit" => ["leave", "SystemExit: exit"],
      "Thread.current.kill" => ["kill", "Kino::WorkerError: its thread was killed"],
      "an exception that is no StandardError" => ["doom", "Apps::Deaths::Doom: the end"],
      "NoMemoryError" => ["out-of-memory", "NoMemoryError: for now"],
      "an interrupt" => ["interrupt", "Interrupt: Interrupt"]
    }

    deaths.each do |name, (path, line)|
      it "by #{name} are replaced, and their client gets a 500 at once" do
        server = serve(Apps::Deaths)
        2.times do |number|
          response = HttpClient.get(server.port, "/#{path}")
          expect(response).to have_attributes(status: 500, body: "500 Internal Server Error\n")
          expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
          expect(server.stats).to include(respawns: number + 1, dropped: number + 1)
        end
        entry = /\Akino: kino-worker-1(-1)? died and is replaced: #{line}$/
        expect(log.lines.grep(/\Akino:/)).to match([entry, entry])
      end
    end

    it "by an exception that cannot be described are replaced all the same" do
      server = serve(Apps::Deaths)
      %w[unspeakable unspeakable-doom].each do |path|
        expect(HttpClient.get(server.port, "/#{path}").status).to eq(500)
        expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      end
      expect(server.stats).to include(respawns: 2)
      expect(log.scan(/died and is replaced: (.*)$/).flatten).to eq(
        ["Apps::Deaths::Doom: no message", "Apps::Deaths::UnspeakableDoom: (it cannot be described)"]
      )
    end

    it "say where, in the log" do
      server = serve(Apps::Deaths)
      HttpClient.get(server.port, "/doom")
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      expect(log).to match(/: Apps::Deaths::Doom: the end\n    .*deaths\.rb:\d+:in .*doom/)
    end

    if mode == :threaded || RUBY_VERSION >= "4"
      it "because somebody raises at them while they wait are replaced, and no request is blamed" do
        server = serve(Apps::Deaths)
        expect(HttpClient.get(server.port, "/raise-at?#{rendezvous.path}").body).to eq("soon")
        visitor = rendezvous.next
        eventually { server.stats[:in_flight].zero? }
        visitor.answer
        eventually { server.stats[:respawns] == 1 }
        expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
        expect(server.stats).to include(dropped: 0)
        expect(log.lines.grep(/\Akino:/)).to match(
          [/\Akino: kino-worker-1 died and is replaced: ArgumentError: from outside$/]
        )
      end
    end

    it "are not those of an app that throws where nobody catches, or leaves a Fiber open" do
      server = serve(Apps::Deaths)
      expect(HttpClient.get(server.port, "/toss").status).to eq(500)
      expect(HttpClient.get(server.port, "/open-fiber").body).to eq("left open")
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      expect(server.stats).to include(respawns: 0, dropped: 0, served: 3, in_flight: 0)
      expect(log).to include("UncaughtThrowError")
    end

    it "after their answer has begun break it" do
      server = serve(Apps::Deaths)
      client = connect(server).send_head("GET", "/doom-midway")
      expect(client.read_first_chunk).to eq("begun")
      expect { client.read_chunk }.to raise_error(HttpClient::Broken)
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      expect(server.stats).to include(respawns: 1, in_flight: 0)
      expect(log).to include("died and is replaced: Apps::Deaths::Doom: the end")
    end

    it "in the midst of a body close it" do
      server = serve(Apps::Deaths)
      client = connect(server).send_head("GET", "/doom-in-each?#{rendezvous.path}")
      expect(client.read_first_chunk).to eq("begun")
      expect { client.read_chunk }.to raise_error(HttpClient::Broken)
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      expect(rendezvous.texts).to eq(["closed"])
      expect(log).to include("died and is replaced: Apps::Deaths::Doom: the end")
    end

    it "leave the others alone" do
      server = serve(Apps::Deaths, workers: 2)
      client = connect(server).send_head("GET", "/wait?#{rendezvous.path}")
      visitor = rendezvous.next
      expect(HttpClient.get(server.port, "/doom").status).to eq(500)
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      visitor.answer("survived")
      expect(client.read_response.body).to eq("survived")
      expect(log).to include("died and is replaced")
    end

    it "one after the other are all replaced, and requests that wait for one are served" do
      server = serve(Apps::Deaths)
      doomed = Array.new(5) { connect(server).send_head("GET", "/doom") }
      living = Array.new(5) { connect(server).send_head("GET", "/alive") }
      expect(doomed.map { |client| client.read_response.status }).to eq([500] * 5)
      expect(living.map { |client| client.read_response.body }).to eq(["alive"] * 5)
      expect(server.stats).to include(respawns: 5, in_flight: 0)
      expect(log.scan("died and is replaced").size).to eq(5)
    end

    it "do not keep a shutdown from ending" do
      server = serve(Apps::Deaths)
      expect(HttpClient.get(server.port, "/doom").status).to eq(500)
      server.shutdown
      expect(server.wait).to be(server)
      log
    end

    if mode == :threaded || RUBY_VERSION >= "4"
      it "are single threads, where a worker has several" do
        server = serve(Apps::Deaths, threads: 2)
        client = connect(server).send_head("GET", "/wait?#{rendezvous.path}")
        visitor = rendezvous.next
        3.times do
          expect(HttpClient.get(server.port, "/doom").status).to eq(500)
          expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
        end
        visitor.answer("survived")
        expect(client.read_response.body).to eq("survived")
        eventually("all are counted") { server.stats[:respawns] == 3 }
        eventually { log.scan("died and is replaced").size == 3 }
      end
    end
  end
end
