# frozen_string_literal: true

require "support/integration"

RSpec.describe "demotion to threads" do
  # Picks ractor mode, whatever the check says about the app.
  before { allow(Kino::Config::Mode).to receive(:resolve).and_return([:ractor, nil]) }

  def serve(**settings) = super(Apps::Isolation, mode: :auto, threads: :auto, **settings)

  def target(name) = "/#{name}?#{rendezvous.path}"

  def gone_over(server)
    eventually("it has gone over") { server.mode == :threaded }
    eventually("the Ractors have left") { server.stats[:per_worker].none? { |row| row[:relieved] } }
    server
  end

  def said = log.lines.grep(/raised what only a Ractor raises/)

  # @return [Array<Thread>] a thread for each client; its value is the results of the block
  def clients(server, count, each, &ask)
    Array.new(count) { connect(server) }.map { |client| concurrently { Array.new(each) { ask.call(client) } } }
  end

  it "serves the request that triggers it, and logs the reason once" do
    server = serve(workers: 2)
    client = connect(server)
    expect([client.get("/where").body, server.mode, server.threads]).to eq(["ractor", :ractor, 1])
    expect([client.get("/cache?a=1").body, client.get("/where").body]).to eq(%w[thread thread])
    expect(gone_over(server).stats).to include(mode: :threaded, workers: 2, threads: 3, served: 3, dropped: 0,
                                               in_flight: 0, respawns: 0, accepted: 1)
    expect([server.threads, server.ready?]).to eq([3, true])
    expect(log.lines).to match([/\Akino: the app raised what only a Ractor raises: Ractor::Isolation.*::CACHE /])
    expect(log).to match(%r{ \(GET /cache\?a=1\) at .*apps/isolation\.rb:\d+\. The}).and(
      include(" The server runs on threads from now on (mode: threaded, 2 workers x 3 threads). " \
              "kino --check --request \"GET /cache?a=1\" tells more; " \
              "-m threaded is quiet about it, and -m ractor insists on Ractors")
    )
  end

  it "serves every GET of 20 clients under load, and closes no connection" do
    server = serve(workers: 2)
    responses = clients(server, 20, 15) { |client| client.get("/cache").then { [it.status, it["connection"]] } }
    expect(responses.flat_map(&:value).tally).to eq({ [200, nil] => 300 })
    expect(gone_over(server).stats).to include(served: 300, dropped: 0, disconnects: 0, accepted: 20, in_flight: 0)
    expect(said.size).to eq(1)
  end

  it "fails only the POSTs that are in progress, and closes no connection" do
    server = serve(workers: 2)
    responses = clients(server, 20, 15) do |client|
      client.request("POST", "/read", {}, "abc").then { [it.status, it["connection"]] }
    end
    tally = responses.flat_map(&:value).tally
    expect(tally.keys).to contain_exactly([200, nil], [500, nil])
    expect([tally.values.sum, tally[[500, nil]]]).to match([300, be_between(1, 2)])
    expect(gone_over(server).stats).to include(served: 300, disconnects: 0, accepted: 20)
    expect([said.size, log.scan(/^kino: Ractor::IsolationError/).size]).to eq([1, tally[[500, nil]]])
  end

  { "the cause of another error" => "/wrapped", "a body before its first chunk" => "/lazily" }.each do |name, path|
    it "recognises the error in #{name}" do
      server = serve
      expect(HttpClient.get(server.port, path).status).to eq(200)
      gone_over(server)
      expect(said.size).to eq(1)
    end
  end

  it "recognises an error that a framework has rescued and stored in the env" do
    ways = [{}, { after_request: Apps::Isolation::Ignored }]
    responses = ways.map do |hooks|
      server = serve(**hooks)
      [HttpClient.get(server.port, "/rescued"), gone_over(server)].first.then { [it.status, it.body] }
    end
    expect(responses).to eq([[200, "thread"]] * 2)
    expect(said.size).to eq(2)
  end

  it "sends the framework's error page if the request cannot be retried" do
    server = serve
    expect(HttpClient.request(server.port, "POST", "/rescued").then { [it.status, it.body] }).to eq([500, "sorry"])
    gone_over(server)
    expect(said.size).to eq(1)
  end

  it "retries HEAD and OPTIONS" do
    %w[HEAD OPTIONS].each do |method|
      server = serve
      expect(HttpClient.request(server.port, method, "/cache").status).to eq(200)
      gone_over(server)
    end
    log
  end

  it "does not retry a request whose body was read" do
    server = serve
    expect(HttpClient.request(server.port, "GET", "/read", {}, "abc").status).to eq(500)
    expect(HttpClient.request(gone_over(server).port, "GET", "/read", {}, "abc").body).to eq("thread")
    log
  end

  it "passes an unread body on to the thread" do
    server = serve
    expect(HttpClient.request(server.port, "GET", "/cache", {}, "abc").body).to eq("thread")
    expect(server.stats).to include(served: 1)
    log
  end

  it "breaks the connection if the response has started" do
    server = serve
    client = connect(server).send_head("GET", "/midway")
    expect(client.read_first_chunk).to eq("first ")
    expect { client.read_chunk }.to raise_error(HttpClient::Broken)
    expect(HttpClient.get(gone_over(server).port, "/midway").body).to eq("first size 0")
    log
  end

  it "happens before the first request if a hook fails in each worker" do
    server = serve(after_worker_boot: Apps::Isolation::Hook)
    gone_over(server)
    eventually { server.ready? }
    expect(HttpClient.get(server.port, "/where").body).to eq("thread")
    expect(log).to include('kino --check --request "GET /..." tells more')
  end

  it "lets Ractors finish what they have started, and does not wait for them" do
    server = serve(workers: 4)
    slow = connect(server).send_head("GET", target("wait"))
    visitors = [rendezvous.next]
    streamed = connect(server).send_head("GET", target("wait_midway"))
    visitors << rendezvous.next
    taken = connect(server).send_head("GET", target("hijack"))
    visitors << rendezvous.next
    expect(HttpClient.get(server.port, "/cache").body).to eq("thread")
    eventually { server.stats[:per_worker].count { |row| row[:relieved] } == 3 }
    expect([server.mode, HttpClient.get(server.port, "/where").body]).to eq([:threaded, "thread"])
    expect(streamed.read_first_chunk).to eq("first ")
    visitors.each { |visitor| visitor.answer("good") }
    expect([slow.read_response.body, streamed.read_chunk, taken.read_response.body]).to eq(%w[good good good])
    gone_over(server)
    log
  end

  it "retries a request that fails in a Ractor long after the demotion" do
    server = serve(workers: 2)
    late = connect(server).send_head("GET", target("late"))
    visitor = rendezvous.next
    expect(HttpClient.get(server.port, "/cache").body).to eq("thread")
    eventually { server.mode == :threaded }
    visitor.answer
    rendezvous.next.answer # the retry waits there again
    expect(late.read_response.body).to eq("thread")
    expect(gone_over(server).stats).to include(served: 2, dropped: 0)
    expect(said.size).to eq(1)
  end

  it "allows adding and removing workers afterwards" do
    server = serve(workers: 2)
    HttpClient.get(server.port, "/cache")
    gone_over(server)
    expect([server.add_worker, server.remove_worker, server.remove_worker]).to eq([2, 2, 1])
    eventually { server.stats[:per_worker].map { |row| row[:index] } == [0, 0, 0] }
    expect(HttpClient.get(server.port, "/where").body).to eq("thread")
    log
  end

  it "starts as many threads as threaded mode if the number is for the whole process" do
    server = serve(workers: 3, threads: "4/process")
    expect([server.workers, server.threads, HttpClient.get(server.port, "/cache").body]).to eq([3, 1, "thread"])
    expect([gone_over(server).workers, server.threads, server.stats[:per_worker].map { |row| row[:index] }])
      .to eq([2, 2, [0, 0, 1, 1]])
    log
  end

  it "allows a clean stop while a Ractor hangs, and during the demotion" do
    hanging = serve(workers: 2)
    connect(hanging).send_head("GET", target("wait"))
    rendezvous.next
    HttpClient.get(hanging.port, "/cache")
    hanging.shutdown(timeout: 0)
    server = serve(workers: 2)
    responses = clients(server, 10, 1) { |client| client.get("/cache").status }
    eventually { server.stats[:served].positive? }
    server.shutdown
    expect(responses.flat_map(&:value)).to eq([200] * 10)
    expect(server.stats[:in_flight]).to eq(0)
    log
  end

  it "does not happen in ractor mode" do
    server = Kino::Server.new(Apps::Isolation, port: 0, workers: 1, mode: :ractor).start
    expect([HttpClient.get(server.port, "/cache").status, server.mode]).to eq([500, :ractor])
    expect(said).to be_empty
  ensure
    server&.shutdown
  end

  context "once the server has served without errors" do
    before { stub_const("Kino::Demotion::Detector::PROOF", { seconds: 0, requests: 3 }.freeze) }

    it "does not happen for one rare failing path: the log explains it once and has each error" do
      server = serve
      3.times { HttpClient.get(server.port, "/where") }
      2.times { expect(HttpClient.get(server.port, "/cache").status).to eq(500) }
      expect([HttpClient.get(server.port, "/where").body, server.mode]).to eq(["ractor", :ractor])
      eventually { said.size == 1 }
      expect(said.first).to include("stays on Ractors")
      expect(log.scan(/^kino: Ractor::IsolationError/).size).to eq(2)
    end

    it "happens if too many requests fail" do
      server = serve
      3.times { HttpClient.get(server.port, "/where") }
      statuses = Array.new(10) { HttpClient.get(server.port, "/cache").status }
      expect(statuses.first(9)).to eq([500] * 9) # the tenth may already be retried
      gone_over(server)
      expect(HttpClient.get(server.port, "/cache").body).to eq("thread")
      expect(said.map { |line| line[/The server (\S+ \S+)/, 1] }).to eq(["stays on", "runs on"])
    end
  end
end
