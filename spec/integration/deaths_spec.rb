# frozen_string_literal: true

require "support/integration"

RSpec.describe "workers that die" do
  in_both_modes do |mode|
    deaths = {
      "exit" => ["leave", "SystemExit: exit"],
      "Thread.current.kill" => ["kill", "Kino::WorkerError: its thread was killed"],
      "an exception that is not a StandardError" => ["fatal", "Apps::Deaths::Fatal: the end"],
      "NoMemoryError" => ["out-of-memory", "NoMemoryError: for now"],
      "an interrupt" => ["interrupt", "Interrupt: Interrupt"]
    }

    deaths.each do |name, (path, line)|
      it "are replaced after #{name}, and the client gets a 500 at once" do
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

    it "are replaced after an exception that cannot be described" do
      server = serve(Apps::Deaths)
      %w[unspeakable unspeakable-fatal].each do |path|
        expect(HttpClient.get(server.port, "/#{path}").status).to eq(500)
        expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      end
      expect(server.stats).to include(respawns: 2)
      expect(log.scan(/died and is replaced: (.*)$/).flatten).to eq(
        ["Apps::Deaths::Fatal: no message", "Apps::Deaths::UnspeakableFatal: (it cannot be described)"]
      )
    end

    it "are logged with the backtrace" do
      server = serve(Apps::Deaths)
      HttpClient.get(server.port, "/fatal")
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      expect(log).to match(/: Apps::Deaths::Fatal: the end\n    .*deaths\.rb:\d+:in .*fatal/)
    end

    if mode == :threaded || RUBY_VERSION >= "4"
      it "are replaced after Thread#raise between two requests, and no request is blamed" do
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

    it "do not include workers whose app throws an uncaught symbol or leaves a Fiber open" do
      server = serve(Apps::Deaths)
      expect(HttpClient.get(server.port, "/toss").status).to eq(500)
      expect(HttpClient.get(server.port, "/open-fiber").body).to eq("left open")
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      expect(server.stats).to include(respawns: 0, dropped: 0, served: 3, in_flight: 0)
      expect(log).to include("UncaughtThrowError")
    end

    it "break the connection if the response has started" do
      server = serve(Apps::Deaths)
      client = connect(server).send_head("GET", "/fatal-midway")
      expect(client.read_first_chunk).to eq("begun")
      expect { client.read_chunk }.to raise_error(HttpClient::Broken)
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      expect(server.stats).to include(respawns: 1, in_flight: 0)
      expect(log).to include("died and is replaced: Apps::Deaths::Fatal: the end")
    end

    it "close the body that they were iterating" do
      server = serve(Apps::Deaths)
      client = connect(server).send_head("GET", "/fatal-in-each?#{rendezvous.path}")
      expect(client.read_first_chunk).to eq("begun")
      expect { client.read_chunk }.to raise_error(HttpClient::Broken)
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      expect(rendezvous.texts).to eq(["closed"])
      expect(log).to include("died and is replaced: Apps::Deaths::Fatal: the end")
    end

    it "do not affect other workers" do
      server = serve(Apps::Deaths, workers: 2)
      client = connect(server).send_head("GET", "/wait?#{rendezvous.path}")
      visitor = rendezvous.next
      expect(HttpClient.get(server.port, "/fatal").status).to eq(500)
      expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
      visitor.answer("survived")
      expect(client.read_response.body).to eq("survived")
      expect(log).to include("died and is replaced")
    end

    it "are replaced every time, and waiting requests are served" do
      server = serve(Apps::Deaths)
      dying = Array.new(5) { connect(server).send_head("GET", "/fatal") }
      living = Array.new(5) { connect(server).send_head("GET", "/alive") }
      expect(dying.map { |client| client.read_response.status }).to eq([500] * 5)
      expect(living.map { |client| client.read_response.body }).to eq(["alive"] * 5)
      expect(server.stats).to include(respawns: 5, in_flight: 0)
      expect(log.scan("died and is replaced").size).to eq(5)
    end

    it "do not block a shutdown" do
      server = serve(Apps::Deaths)
      expect(HttpClient.get(server.port, "/fatal").status).to eq(500)
      server.shutdown
      expect(server.wait).to be(server)
      log
    end

    if mode == :threaded || RUBY_VERSION >= "4"
      it "lose only the thread that died if they have several" do
        server = serve(Apps::Deaths, threads: 2)
        client = connect(server).send_head("GET", "/wait?#{rendezvous.path}")
        visitor = rendezvous.next
        3.times do
          expect(HttpClient.get(server.port, "/fatal").status).to eq(500)
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
