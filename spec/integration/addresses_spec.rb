# frozen_string_literal: true

require "support/child"
require "support/integration"
require "tmpdir"

RSpec.describe "The addresses of a server" do
  around do |example|
    Dir.mktmpdir("kino") do |directory|
      @directory = File.realpath(directory)
      example.run
    ensure
      @child&.close
    end
  end

  let(:path) { "#{@directory}/kino.sock" }

  def free(**) = HttpClient.open(**) { |client| client.get("/free").body }
  def free_at(port, **) = HttpClient.open(port, **) { |client| client.get("/free").body }

  def start(*flags, mode: :threaded, **)
    @child = Child.kino("-w", "1", "-t", "1", "-m", mode.to_s, *flags,
                        "#{Child::ROOT}/spec/support/rackups/blocking.ru", env: { "RUBY_MAX_CPU" => nil }, **)
    @child.line(/^press Ctrl-C/)
    @child
  end

  def urls = @child.seen.scan(/^listening: (.*)$/).flatten
  def pid_at(**) = HttpClient.open(**) { |client| client.get("/pid").body.to_i }

  in_both_modes do |mode|
    it "may be several at once: IPv4, IPv6 and a Unix domain socket" do
      server = Kino::Server.new(Apps::Blocking, bind: ["127.0.0.1", "tcp://[::1]:0", "unix://#{path}?mode=0600"],
                                                port: 0, workers: 1, threads: 1, mode:).start
      ports = server.urls.first(2).map { |url| URI(url).port }
      expect(server.urls).to eq(["http://127.0.0.1:#{ports[0]}", "http://[::1]:#{ports[1]}", "unix://#{path}"])
      expect(server).to have_attributes(port: ports[0], url: server.urls.first)
      expect([free_at(ports[0]), free_at(ports[1], host: "::1"), free(unix: path)]).to eq(["free"] * 3)
      expect(File.stat(path).mode & 0o777).to eq(0o600)
      server.shutdown
      expect(refused?(ports[0])).to be(true)
      expect(File.exist?(path)).to be(false)
    end

    it "tell the app where a request came in" do
      server = Kino::Server.new(Apps::EnvDump, bind: "unix://#{path}", workers: 1, threads: 1, mode:).start
      expect(server.port).to be_nil
      env = HttpClient.open(unix: path) do |client|
        Apps::EnvDump.parse(client.write("GET / HTTP/1.0\r\n\r\n").read_response)
      end
      expect(env).to include("REMOTE_ADDR" => "", "REMOTE_PORT" => "", "SERVER_NAME" => "localhost",
                             "SERVER_PORT" => "80", "rack.url_scheme" => "http")
    ensure
      server&.shutdown
    end

    it "may be a descriptor that the process inherits" do
      TCPServer.open("127.0.0.1", 0) do |socket|
        port = socket.local_address.ip_port
        start("-b", "fd://9", "-b", "unix://#{path}", mode:, 9 => socket)
        expect(urls).to eq(["http://127.0.0.1:#{port}", "unix://#{path}"])
        expect([free_at(port), free(unix: path)]).to eq(%w[free free])
        @child.signal("TERM")
        expect(@child.own_status.exitstatus).to eq(0)
        expect(File.exist?(path)).to be(false)
        # It belongs to whoever has opened it.
        Socket.tcp("127.0.0.1", port).close
      end
    end

    it "are all handed over by a hot restart" do
      TCPServer.open("127.0.0.1", 0) do |socket|
        start("-b", "127.0.0.1", "-p", "0", "-b", "unix://#{path}", "-b", "fd://9", mode:, 9 => socket)
        former = urls
        ports = former.values_at(0, 2).map { |url| URI(url).port }
        # Its only worker is up, so it is ready for a restart.
        expect(free_at(ports[0])).to eq("free")
        @child.signal("USR2")
        expect(@child.own_status.exitstatus).to eq(0)
        pids = [*ports.map { |port| HttpClient.get(port, "/pid").body.to_i }, pid_at(unix: path)]
        expect(pids.uniq.size).to eq(1)
        expect(pids.first).not_to eq(@child.pid)
        Process.kill("TERM", pids.first)
        expect(@child.output.scan(/^listening: (.*)$/).flatten).to eq(former * 2)
        expect([refused?(ports[0]), File.exist?(path)]).to eq([true, false])
      end
    end
  end

  it "are written in the file, too, and a flag replaces them" do
    File.write("#{@directory}/kino.rb", "bind 'unix://one.sock'\nbind 'tcp://127.0.0.1:0', 'unix://two.sock'\n")
    start(chdir: @directory)
    expect(urls).to match(["unix://#{@directory}/one.sock", %r{\Ahttp://127.0.0.1:\d+\z},
                           "unix://#{@directory}/two.sock"])
    @child.close
    start("-b", "unix://three.sock", chdir: @directory)
    expect(urls).to eq(["unix://#{@directory}/three.sock"])
  end

  it "replace the socket file of a server that was killed, but not of one that runs" do
    start("-b", "unix://#{path}")
    refused = Child.kino("-b", "unix://#{path}", "#{Child::ROOT}/spec/support/rackups/blocking.ru")
    expect(refused.own_status.exitstatus).to eq(1)
    expect(refused.errors).to match(%r{^kino: cannot listen on unix://#{path}: Address already in use})
    expect(free(unix: path)).to eq("free")
    @child.signal("KILL")
    @child.own_status
    @child.close
    expect(File.socket?(path)).to be(true)
    start("-b", "unix://#{path}")
    expect(free(unix: path)).to eq("free")
  ensure
    refused&.close
  end

  it "are refused if they cannot be" do
    { "-b unix:///a?mode=9" => /: its option mode cannot be "9"$/, "-b fd://99" => /file descriptor 99/,
      "-b systemd://a" => /no socket for bind systemd:/, "-b tcp://h:1 -b h -p 1" => %r{bind names tcp://h:1 twice},
      "-b tcp://h:1 -b tcp://h:2 -p 3" => /name different ports: give one of them$/ }.each do |flags, message|
      child = Child.kino(*flags.split, "-m", "threaded", "#{Child::ROOT}/spec/support/rackups/blocking.ru")
      expect(child.own_status.exitstatus).to be_positive
      expect(child.errors).to match(message)
      expect(child.errors.lines.size).to eq(1)
    ensure
      child&.close
    end
  end
end
