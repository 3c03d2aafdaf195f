# frozen_string_literal: true

require "support/integration"

RSpec.describe "lanes" do
  in_both_modes do |mode|
    def target(name) = "/#{name}?#{rendezvous.path}"

    # Each client sends one request after another; all workers serve them.
    def ask_many(server, clients: 8)
      threads = Array.new(clients) do
        concurrently do
          HttpClient.open(server.port) { |client| Array.new(50) { |number| client.get("/number?#{number}").body } }
        end
      end
      threads.map(&:value)
    end

    [{ lanes: true }, { lanes: true, batch: 8 }, { batch: 8 }].each do |settings|
      it "lose no request with #{settings}" do
        server = serve(Apps::Blocking, workers: 2, **settings)
        expect(ask_many(server)).to all(eq((0...50).map(&:to_s)))
        eventually { server.stats[:connections].zero? }
        expect(server.stats).to include(served: 400, queued: 0, in_flight: 0, rejected: 0, dropped: 0, respawns: 0)
      end

      it "leave no request waiting behind a slow one with #{settings}" do
        server = serve(Apps::Blocking, workers: 2, **settings)
        slow = connect(server).send_head("GET", target("wait"))
        visitor = rendezvous.next
        expect(ask_many(server)).to all(eq((0...50).map(&:to_s)))
        visitor.answer("at last")
        expect(slow.read_response.body).to eq("at last")
      end
    end

    it "appear in the stats with their depths" do
      server = serve(Apps::Blocking, lanes: true)
      expect(serve(Apps::Blocking).stats).not_to include(:lane_depths)
      HttpClient.get(server.port, "/free") # a lane gets requests only once its worker has asked for work
      clients = Array.new(3) { connect(server).send_head("GET", target("wait")) }
      visitor = rendezvous.next
      eventually { server.stats.values_at(:lane_depths, :queued) == [[2], 2] }
      visitor.answer
      2.times { rendezvous.next.answer }
      clients.each(&:read_response)
      expect(server.stats).to include(lane_depths: [0], served: 4)
    end

    it "count towards queue_depth" do
      server = serve(Apps::Blocking, lanes: true, queue_depth: 1, queue_timeout: 0)
      connect(server).send_head("GET", target("wait"))
      visitor = rendezvous.next
      second = connect(server).send_head("GET", "/free")
      eventually { server.stats[:lane_depths] == [1] }
      expect(HttpClient.get(server.port, "/free").status).to eq(503)
      visitor.answer
      expect(second.read_response.body).to eq("free")
    end

    it "pass their requests on when their worker dies" do
      server = serve(Apps::Deaths, lanes: true, batch: 8)
      first = connect(server).send_head("GET", target("fatal-when-told"))
      visitor = rendezvous.next
      others = Array.new(3) { connect(server).send_head("GET", "/alive") }
      eventually { server.stats[:lane_depths] == [3] }
      visitor.answer
      expect([first, *others].map { |client| client.read_response.status }).to eq([500, 200, 200, 200])
      expect(server.stats).to include(respawns: 1)
      expect(log).to include("died and is replaced")
    end

    it "answer waiting requests with 503 when shutdown_timeout is over" do
      server = serve(Apps::Blocking, lanes: true)
      busy = connect(server).send_head("GET", target("wait"))
      rendezvous.next
      waiting = connect(server).send_head("GET", "/free")
      eventually { server.stats[:lane_depths] == [1] }
      server.shutdown(timeout: 0)
      expect([busy, waiting].map { |client| client.read_response.status }).to eq([500, 503])
    end

    it "are drained before the server stops" do
      server = serve(Apps::Blocking, lanes: true)
      busy = connect(server).send_head("GET", target("wait"))
      visitor = rendezvous.next
      waiting = connect(server).send_head("GET", "/free")
      eventually { server.stats[:lane_depths] == [1] }
      stopping = concurrently { server.shutdown }
      eventually { refused?(server.port) }
      visitor.answer
      expect([busy, waiting].map { |client| client.read_response.status }).to eq([200, 200])
      stopping.join
      expect(server.stats).to include(served: 2, dropped: 0, mode:)
    end
  end
end
