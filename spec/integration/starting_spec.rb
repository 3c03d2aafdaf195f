# frozen_string_literal: true

require "support/integration"

RSpec.describe "starting" do
  in_both_modes do |mode|
    it "gives the server a port and a URL" do
      server = Kino::Server.new(Apps::Blocking, port: 0, workers: 1, mode:)
      expect(server.port).to be_nil
      expect(server.start).to be(server)
      expect(server.port).to be_between(1024, 65_535)
      expect(server.url).to eq("http://127.0.0.1:#{server.port}")
      expect(HttpClient.get(server.port, "/free").body).to eq("free")
      server.shutdown
    end

    it "is complete when every worker has run its hook or was given up" do
      hook = Ractor.make_shareable(Apps::Hooks::Waiting.new(rendezvous.path))
      server = serve(Apps::Blocking, after_worker_boot: hook)
      visitor = rendezvous.next
      early = connect(server).send_head("GET", "/free")
      expect(server).not_to be_ready
      visitor.answer
      eventually { server.ready? }
      expect(early.read_response.body).to eq("free")

      stub_const("Kino::Pool::Backoff::FIRST", 0.0001)
      stub_const("Kino::Pool::Backoff::LONGEST", 0.0001)
      server = serve(Apps::Blocking, workers: 2, after_worker_boot: Apps::Hooks::LeavingButOne)
      eventually { server.ready? && server.workers == 1 }
      log
    end

    it "can happen only once" do
      server = serve(Apps::Blocking)
      expect { server.start }.to raise_error(Kino::Error, /started before/)
      server.shutdown
      expect { server.start }.to raise_error(Kino::Error, /started before/)
    end

    it "fails if the port is taken" do
      taken = TCPServer.new("127.0.0.1", 0)
      port = taken.local_address.ip_port
      expect { Kino::Server.new(Apps::Blocking, port:, mode:).start }.to raise_error(
        Kino::BindError, /127\.0\.0\.1:#{port}.*(in use|taken)/i
      )
    ensure
      taken.close
    end

    it "fails if the address is unavailable or invalid" do
      expect { Kino::Server.new(Apps::Blocking, bind: "192.0.2.1", port: 0, mode:).start }.to raise_error(Kino::BindError)
      expect { Kino::Server.new(Apps::Blocking, bind: "no.such.host.invalid", port: 0, mode:).start }
        .to raise_error(Kino::BindError)
    end

    it "leaves stats and shutdown working after a failure" do
      taken = TCPServer.new("127.0.0.1", 0)
      server = Kino::Server.new(Apps::Blocking, port: taken.local_address.ip_port, workers: 1, mode:)
      expect { server.start }.to raise_error(Kino::BindError)
      expect(server.stats).to include(mode:, workers: 1)
      expect(server.shutdown).to be(server)
    ensure
      taken.close
    end

    it "can listen on all addresses" do
      server = serve(Apps::EnvDump, bind: "0.0.0.0")
      expect(Apps::EnvDump.parse(HttpClient.get(server.port))).to include("REMOTE_ADDR" => "127.0.0.1")
    end

    it "uses the port in bind" do
      port = TCPServer.open("127.0.0.1", 0) { |probe| probe.local_address.ip_port }
      server = Kino::Server.new(Apps::Blocking, bind: "tcp://127.0.0.1:#{port}", workers: 1, mode:).start
      expect(server.port).to eq(port)
      expect(HttpClient.get(port, "/free").status).to eq(200)
      server.shutdown
    end

    it "works for several servers at once" do
      servers = Array.new(3) { serve(Apps::Blocking) }
      expect(servers.map { |server| HttpClient.get(server.port, "/free").status }).to eq([200] * 3)
      expect(servers.map { |server| server.stats[:served] }).to eq([1, 1, 1])
    end

    it "starts the configured number of network threads" do
      server = serve(Apps::Blocking, tokio_threads: 3)
      expect(HttpClient.get(server.port, "/free").status).to eq(200)
    end
  end

  it "refuses unknown or invalid settings" do
    expect { Kino::Server.new(Apps::Blocking, prot: 1) }.to raise_error(Kino::ConfigError, /unknown setting: prot/)
    expect { Kino::Server.new(Apps::Blocking, port: -1) }.to raise_error(Kino::ConfigError, /port must be/)
    expect { Kino::Server.new(Apps::Blocking, queue_timeout: "soon") }
      .to raise_error(Kino::ConfigError, /queue_timeout/)
  end

  if Socket.ip_address_list.any?(&:ipv6_loopback?)
    it "listens on IPv6" do
      server = Kino::Server.new(Apps::EnvDump, bind: "::1", port: 0, workers: 1, mode: :threaded).start
      expect(server.url).to eq("http://[::1]:#{server.port}")
      env = HttpClient.open(server.port, host: "::1") { |client| Apps::EnvDump.parse(client.write("GET / HTTP/1.0\r\n\r\n").read_response) }
      expect(env).to include("REMOTE_ADDR" => "::1", "SERVER_NAME" => "[::1]")
      server.shutdown
    end
  end
end
