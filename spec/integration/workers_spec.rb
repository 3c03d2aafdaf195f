# frozen_string_literal: true

require "support/integration"

RSpec.describe "adding and removing workers" do
  in_both_modes do |mode|
    def indexes(server) = server.stats[:per_worker].map { |row| row[:index] }.sort

    it "adds a worker with the lowest free index, and keeps the last worker" do
      server = serve(Apps::Blocking)
      expect([server.add_worker, server.add_worker, server.workers]).to eq([1, 2, 3])
      eventually { indexes(server) == [0, 1, 2] }
      expect([server.remove_worker, server.remove_worker, server.remove_worker]).to eq([2, 1, nil])
      eventually { indexes(server) == [0] }
      expect(server.add_worker).to eq(1)
      eventually { indexes(server) == [0, 1] }
      expect(server.stats).to include(workers: 2, respawns: 0)
      expect(HttpClient.get(server.port, "/free").body).to eq("free")
      server.shutdown
      expect([server.add_worker, server.remove_worker]).to eq([nil, nil])
    end

    it "lets a removed worker finish its request" do
      server = serve(Apps::Blocking, workers: 2)
      clients = Array.new(2) { connect(server).send_head("GET", "/wait?#{rendezvous.path}") }
      visitors = Array.new(2) { rendezvous.next }
      server.remove_worker
      visitors.each { |visitor| visitor.answer("finished") }
      expect(clients.map { |client| client.read_response.body }).to eq(["finished"] * 2)
      eventually { indexes(server) == [0] }
      expect(HttpClient.get(server.port, "/free").body).to eq("free")
    end

    if mode == :threaded || RUBY_VERSION >= "4"
      it "applies to all threads of a worker" do
        server = serve(Apps::Blocking, threads: 2)
        server.add_worker
        eventually { indexes(server) == [0, 0, 1, 1] }
        server.remove_worker
        eventually { indexes(server) == [0, 0] }
      end
    end

    it "gives up a worker that cannot start, and keeps serving" do
      stub_const("Kino::Pool::Backoff::FIRST", 0.0001)
      server = serve(Apps::Blocking, after_worker_boot: Apps::Hooks::LeavingButOne)
      eventually { server.ready? }
      2.times do
        expect(server.add_worker).to eq(1)
        eventually("it is given up") { server.workers == 1 }
      end
      expect(server.stats).to include(workers: 1)
      expect(HttpClient.get(server.port, "/free").body).to eq("free")
      server.shutdown
      expect(server.wait).to be(server)
      given_up = /^kino: kino-worker-2 died at boot 8 times in a row and is given up \(workers now: 1\): SystemExit/
      expect(log.scan(given_up).size).to eq(2)
    end

    it "has no effect on a server that is not running" do
      server = Kino::Server.new(Apps::Blocking, mode:)
      expect([server.add_worker, server.remove_worker, server.ready?]).to eq([nil, nil, false])
    end
  end
end
