# frozen_string_literal: true

require "support/child"
require "support/integration"

RSpec.describe "shutdown" do
  in_both_modes do |mode|
    def target(name) = "/#{name}?#{rendezvous.path}"

    # @return [Array(Kino::Server, HttpClient, Rendezvous::Visitor)] with a request in flight
    def serve_request
      server = serve(Apps::Blocking)
      client = connect(server).send_head("GET", target("wait"))
      [server, client, rendezvous.next]
    end

    # @return [Thread] a thread that shuts the server down, once the server accepts no more connections
    def begin_shutdown(server, **)
      thread = concurrently { server.shutdown(**) }
      eventually("the port is refused") { refused?(server.port) }
      thread
    end

    it "of an idle server closes its connections and its port" do
      server = serve(Apps::Blocking)
      idle = connect(server)
      idle.get("/free")
      silent = connect(server)
      expect(server.shutdown).to be(server)
      expect([idle, silent].map(&:closed_by_server?)).to eq([true, true])
      expect(refused?(server.port)).to be(true)
      expect(server.wait).to be(server)
    end

    it "lets a request in flight finish" do
      server, client, visitor = serve_request
      stopping = begin_shutdown(server)
      visitor.answer("finished")
      response = client.read_response
      expect(response).to have_attributes(status: 200, body: "finished")
      expect(client.closed_by_server?).to be(true)
      expect(stopping.value).to be(server)
      expect(server.stats).to include(served: 1, dropped: 0, disconnects: 0)
    end

    it "lets a response that has started finish" do
      server = serve(Apps::Blocking)
      client = connect(server).send_head("GET", target("wait-midway"))
      expect(client.read_first_chunk).to eq("first ")
      visitor = rendezvous.next
      stopping = begin_shutdown(server)
      visitor.answer("second")
      expect([client.read_chunk, client.read_chunk]).to eq(["second", nil])
      stopping.value
    end

    it "lets an upload that has started finish" do
      server = serve(Apps::Uploads)
      client = connect(server).send_head("POST", "/read", "content-length" => 6)
      client.write("abc")
      eventually { server.stats[:in_flight] == 1 }
      stopping = begin_shutdown(server)
      expect(client.write("def").read_response.body).to eq("abcdef")
      stopping.value
    end

    it "serves requests in the queue" do
      server = serve(Apps::Blocking)
      first = connect(server).send_head("GET", target("wait"))
      visitor = rendezvous.next
      waiting = (1..5).map { |number| connect(server).send_head("GET", "/number?#{number}") }
      eventually { server.stats[:queued] == 5 }
      stopping = begin_shutdown(server)
      visitor.answer("0")
      expect([first, *waiting].map { |client| client.read_response.body }).to eq(("0".."5").to_a)
      stopping.value
      expect(server.stats).to include(served: 6, queued: 0, in_flight: 0)
    end

    it "sends connection: close with the response to a request in flight" do
      server, client, visitor = serve_request
      stopping = begin_shutdown(server)
      visitor.answer("finished")
      expect(client.read_response["connection"]).to eq("close")
      stopping.value
    end

    it "with timeout: 0 sends 500 to a request in flight, even while the app is blocked" do
      server, client = serve_request
      server.shutdown(timeout: 0)
      expect(client.read_response.status).to eq(500)
      expect(client.closed_by_server?).to be(true)
      expect(refused?(server.port)).to be(true)
    end

    it "with timeout: 0 breaks the connection of a response that has started" do
      server = serve(Apps::Blocking)
      client = connect(server).send_head("GET", target("wait-midway"))
      expect(client.read_first_chunk).to eq("first ")
      rendezvous.next
      server.shutdown(timeout: 0)
      expect { client.read_chunk }.to raise_error(HttpClient::Broken)
    end

    it "with timeout: 0 sends 503 to requests in the queue" do
      server = serve(Apps::Blocking)
      connect(server).send_head("GET", target("wait"))
      rendezvous.next
      waiting = connect(server).send_head("GET", "/free")
      eventually { server.stats[:queued] == 1 }
      server.shutdown(timeout: 0)
      expect(waiting.read_response.status).to eq(503)
    end

    it "ends a worker that waits for a client" do
      server = serve(Apps::Uploads)
      client = connect(server).send_head("POST", target("report"), "content-length" => 6)
      expect(rendezvous.next.text).to eq("reading")
      server.shutdown(timeout: 0)
      expect(client.read_response.status).to eq(500)
      expect(rendezvous.next.text).to eq("[Kino::DisconnectedError, IOError]")
    end

    it "may be called again, and by several threads at once" do
      server, client, visitor = serve_request
      first = begin_shutdown(server)
      others = Array.new(3) { concurrently { server.shutdown } }
      visitor.answer("finished")
      expect([first, *others].map(&:value)).to all(be(server))
      expect(client.read_response.body).to eq("finished")
      expect(server.shutdown(timeout: 0)).to be(server)
    end

    it "may be called in a trap handler, and continues in the background" do
      server = serve(Apps::Blocking)
      former = trap("USR2") { server.shutdown }
      Process.kill("USR2", Process.pid)
      expect(server.wait).to be(server)
    ensure
      trap("USR2", former || "DEFAULT")
    end

    if mode == :threaded # Ractors cannot reference the server
      it "may be called by the app during a request, and the request completes" do
        app = ->(_env) { [200, {}, [@server.shutdown.equal?(@server).to_s]] }
        @server = serve(app)
        expect(HttpClient.get(@server.port, "/")).to have_attributes(status: 200, body: "true")
        expect(@server.wait).to be(@server)
      end
    end

    it "continues after an earlier call was killed, or interrupted by an exception" do
      server, client, visitor = serve_request
      killed = begin_shutdown(server)
      killed.kill.join
      raised = concurrently { server.shutdown }
      eventually { raised.status == "sleep" }
      raised.raise("no patience")
      expect { raised.value }.to raise_error("no patience")
      expect(server).not_to be_ready
      visitor.answer("finished")
      expect(server.shutdown).to be(server)
      expect(client.read_response.body).to eq("finished")
      expect(server.wait).to be(server)
    end

    describe "that aborts requests as the process exits" do
      # Serves requests that wait for ever, with an ensure block.
      def start(at_the_end, **settings)
        @child = Child.ruby(<<~RUBY)
          require "kino"
          module Waits
            def self.call(_env)
              $stdout.syswrite("waits\n")
              sleep
            ensure
              #{at_the_end}
            end
          end
          settings = #{settings.inspect}
          Kino::Server.run(Waits, port: 0, workers: 2, threads: 1, mode: :#{mode}, **settings) do |server|
            $stdout.syswrite("listening: \#{server.url}\n")
          end
        RUBY
      end

      def stop_with_two_requests(child)
        clients = Array.new(2) { HttpClient.open(child.port).send_head("GET", "/") }
        child.line(/waits\nwaits\n/)
        child.signal("TERM")
        expect(clients.map { |client| client.read_response.status }).to eq([500, 500])
        expect(child.status.exitstatus).to eq(0)
      ensure
        clients&.each(&:close)
      end

      after { @child&.close }

      it "lets their ensure blocks finish" do
        child = start("sleep 0.05; $stdout.syswrite(%(done\n))", shutdown_timeout: 0)
        stop_with_two_requests(child)
        expect(child.output.scan("done").size).to eq(2)
      end

      if mode == :threaded
        it "does not wait for ensure blocks that hang" do
          child = start("sleep", shutdown_timeout: 0, shutdown_grace: 0.05)
          stop_with_two_requests(child)
        end
      end
    end

    it "of a server that was never started does nothing" do
      server = Kino::Server.new(Apps::Blocking, mode:)
      expect(server.shutdown).to be(server)
    end

    it "wakes threads that wait for it" do
      server = serve(Apps::Blocking)
      waiting = Array.new(3) { concurrently { server.wait } }
      server.shutdown
      expect(waiting.map(&:value)).to all(be(server))
    end

    it "leaves no threads behind" do
      before = Thread.list
      server = serve(Apps::Blocking, workers: 2)
      HttpClient.get(server.port, "/free")
      server.shutdown
      eventually { (Thread.list - before).empty? }
    end

    it "of one server does not affect another" do
      one = serve(Apps::Blocking)
      other = serve(Apps::Blocking)
      client = connect(other)
      one.shutdown
      expect(client.get("/free").body).to eq("free")
    end

    it "lets the port be used again" do
      server = serve(Apps::Blocking)
      client = connect(server)
      client.get("/free")
      server.shutdown
      again = Kino::Server.new(Apps::Blocking, port: server.port, workers: 1, mode:).start
      expect(HttpClient.get(again.port, "/free").body).to eq("free")
      again.shutdown
    end
  end
end
