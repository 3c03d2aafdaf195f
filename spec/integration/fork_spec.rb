# frozen_string_literal: true

require "support/child"
require "support/integration"

RSpec.describe "fork" do
  # A process with running Ractors cannot be forked safely, because the VM has threads for them.
  let(:mode) { :threaded }

  # @return [String] the inspected result of the block, which runs in a child process
  def in_child
    reader, writer = IO.pipe
    child = fork do
      reader.close
      writer.write(yield.inspect)
      writer.close
    ensure
      exit!(0)
    end
    writer.close
    answer = reader.tap { |io| io.timeout = Eventually::TIMEOUT }.read
    _, status = Process.wait2(child)
    expect(status.exitstatus).to eq(0)
    answer
  ensure
    reader.close
  end

  def outcome
    yield
  rescue StandardError => e
    e.class
  end

  it "leaves the server to the parent" do
    server = serve(Apps::Blocking, workers: 2)
    HttpClient.get(server.port, "/free")
    calls = in_child { [outcome { server.shutdown }, outcome { server.start }, Kino.sleep(0)] }
    expect(calls).to eq("[Kino::Error, Kino::Error, 0]")
    expect(HttpClient.get(server.port, "/free").body).to eq("free")
    server.shutdown
  end

  it "leaves the child without the server's stats" do
    server = serve(Apps::Blocking)
    expect(in_child { outcome { server.stats } }).to eq("Kino::Error")
    expect(server.stats).to include(served: 0)
  end

  it "lets the child exit normally" do
    server = serve(Apps::Blocking)
    client = connect(server)
    client.get("/free")
    pid = fork { GC.start }
    expect(Process.wait2(pid).last.exitstatus).to eq(0)
    expect(client.get("/free").body).to eq("free")
    server.shutdown
    expect(client.closed_by_server?).to be(true)
  end

  it "may happen inside a request" do
    server = serve(Apps::Blocking)
    client = connect(server).send_head("GET", "/fork?#{rendezvous.path}")
    expect(rendezvous.next.text).to eq("child: [false, Kino::DisconnectedError]")
    expect(client.read_response.body).to eq("child ended with 0")
    expect(client.get("/free").body).to eq("free")
    expect(server.stats).to include(dropped: 0, disconnects: 0)
  end

  it "or not, a listener that was handed out stays open after a shutdown" do
    server = serve(Apps::Blocking)
    listener, = server.listeners
    server.shutdown
    expect(refused?(server.port)).to be(false)
  ensure
    listener&.close
  end

  it "leaves the server to the parent in the block of Server.run, even if the child exits" do
    child = Child.ruby(<<~PROGRAM)
      require "kino"
      require "support/apps"
      Kino::Server.run(Apps::Blocking, port: 0, workers: 1, threads: 1, mode: :threaded) do |server|
        pid = fork { exit(7) }
        puts "child: \#{Process.wait2(pid).last.exitstatus}"
        exit(8) if (pid = fork).nil?
        puts "child: \#{Process.wait2(pid).last.exitstatus}"
        puts "listening: \#{server.url}"
        $stdout.flush
      end
      puts "stopped"
    PROGRAM
    expect(HttpClient.get(child.port, "/free").body).to eq("free")
    child.signal("TERM")
    expect(child.status.exitstatus).to eq(0)
    expect([child.output, child.errors]).to match([/child: 7\nchild: 8\n.*stopped\n\z/m, ""])
  ensure
    child&.close
  end

  it "lets the child start a server of its own" do
    server = serve(Apps::Blocking)
    expect(in_child do
      own = Kino::Server.new(Apps::Blocking, port: 0, workers: 1, mode: :threaded).start
      body = HttpClient.get(own.port, "/free").body
      own.shutdown
      body
    end).to eq('"free"')
    expect(HttpClient.get(server.port, "/free").body).to eq("free")
  end

  # The child inherits a copy of every socket, and may outlive the server.
  it "does not let the child keep connections open after the server closes them" do
    server = serve(Apps::Blocking)
    server.listeners.each(&:close) # another process might have it now
    server.claim_listeners
    client = connect(server).send_head("GET", "/wait-midway?#{rendezvous.path}")
    expect(client.read_first_chunk).to eq("first ")
    rendezvous.next
    staying, leave = IO.pipe
    pid = fork do
      leave.close
      staying.read
    ensure
      exit!(0)
    end
    server.shutdown(timeout: 0)
    expect { client.read_chunk }.to raise_error(HttpClient::Broken)
    expect(refused?(server.port)).to be(true)
  ensure
    leave&.close
    Process.wait(pid) if pid
  end
end
