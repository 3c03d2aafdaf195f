# frozen_string_literal: true

require "support/child"
require "support/integration"
require "support/service_manager"

RSpec.describe "A systemd service" do
  def manager = @manager ||= ServiceManager.new

  around do |example|
    Dir.mktmpdir("kino") do |directory|
      @directory = directory
      example.run
    ensure
      @child&.close
      @manager&.close
    end
  end

  # Starts the service like systemd: the sockets are file descriptors from 3 on, and LISTEN_PID is the service's pid.
  def start(*sockets, mode: :threaded, env: {}, flags: [])
    file = "#{Child::ROOT}/spec/support/rackups/blocking.ru"
    kino = [RbConfig.ruby, "-I#{Child::ROOT}/lib", "-I#{Child::ROOT}/spec", "#{Child::ROOT}/exe/kino"]
    flags = ["-p", "0", "-w", "2", "-t", "1", "-m", mode.to_s, *flags, file]
    environment = { "LISTEN_FDS" => sockets.size.to_s, "RACK_ENV" => nil, "RUBY_MAX_CPU" => nil, **env }
    descriptors = sockets.each_with_index.to_h { |socket, index| [3 + index, socket] }
    @child = Child.new("sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *kino, *flags, env: environment, **descriptors)
  end

  def listening(host = "127.0.0.1", &) = TCPServer.open(host, 0, &)

  # Expects the service to exit with 1 and only that line on stderr.
  def expect_end(child, line)
    expect(child.own_status.exitstatus).to eq(1)
    expect(child.errors).to match(line)
    expect(child.errors.lines.size).to eq(1)
  end

  in_both_modes do |mode|
    it "listens on the socket that systemd passes, prints its address, and leaves it open" do
      listening do |socket|
        port = socket.local_address.ip_port
        child = start(socket, mode:)
        expect(child.port).to eq(port)
        expect(HttpClient.get(port, "/pid").body).to eq(child.pid.to_s)
        child.signal("TERM")
        expect(child.own_status.exitstatus).to eq(0)
        expect(child.errors).to eq("")
        # The client is not refused: it waits in the socket's backlog for the next instance.
        HttpClient.open(port) do |client|
          client.send_head("GET", "/pid")
          child.close
          successor = start(socket, mode:)
          expect(client.read_response.body).to eq(successor.pid.to_s)
        end
      end
    end

    it "notifies the manager of its state" do
      child = start(mode:, env: { "NOTIFY_SOCKET" => manager.name })
      expect(manager.next).to eq(
        "READY" => "1", "STATUS" => "serving http://127.0.0.1:#{child.port} (#{mode}, 2 workers)"
      )
      expect(HttpClient.get(child.port, "/free").body).to eq("free")
      child.signal("HUP")
      expect(manager.next).to include("RELOADING" => "1", "MONOTONIC_USEC" => /\A\d+\z/)
      expect(manager.next).to include("READY" => "1", "STATUS" => /\Aserving /)
      child.signal("TERM")
      expect(manager.next).to include("STOPPING" => "1")
      expect(child.own_status.exitstatus).to eq(0)
      expect(manager).to be_quiet
    end
  end

  it "prints the address of an IPv6 socket" do
    listening("::1") do |socket|
      child = start(socket)
      expect(child.line(/^listening: (.*)$/)[1]).to eq("http://[::1]:#{socket.local_address.ip_port}")
    end
  end

  it "hides the socket from processes that the app starts" do
    listening do |socket|
      child = start(socket, env: { "LISTEN_FDNAMES" => "web" })
      child.port
      expect(HttpClient.get(child.port, "/legacy").body).to eq("[] []")
    end
  end

  it "ignores sockets of another process" do
    listening do |socket|
      @child = Child.kino("-p", "0", "-m", "threaded", "#{Child::ROOT}/spec/support/rackups/blocking.ru",
                          env: { "LISTEN_FDS" => "1", "LISTEN_PID" => Process.pid.to_s }, 3 => socket)
      expect(@child.port).not_to eq(socket.local_address.ip_port)
    end
  end

  it "refuses anything but a listening TCP or Unix socket" do
    message = /\Akino: .*not a listening TCP or Unix socket$/
    Socket.open(:INET, :STREAM) { |socket| expect_end(start(socket), message) }
    UDPSocket.open { |socket| expect_end(start(socket), message) }
    Socket.open(:UNIX, :STREAM) { |socket| expect_end(start(socket), message) }
    File.open(__FILE__) { |file| expect_end(start(file), /\Akino: cannot listen on /) }
  end

  describe "with several sockets" do
    def urls(child)
      child.line(/^press Ctrl-C/)
      child.seen.scan(/^listening: (.*)$/).flatten
    end

    def two = listening { |one| UNIXServer.open("#{@directory}/s") { |two| yield one, two } }

    it "listens on all of them, and leaves them open" do
      two do |one, two|
        child = start(one, two)
        expect(urls(child)).to eq(["http://127.0.0.1:#{one.local_address.ip_port}", "unix://#{@directory}/s"])
        expect(HttpClient.get(one.local_address.ip_port, "/free").body).to eq("free")
        expect(HttpClient.open(unix: "#{@directory}/s") { |client| client.get("/free").body }).to eq("free")
        child.signal("TERM")
        expect(child.own_status.exitstatus).to eq(0)
        expect(File.socket?("#{@directory}/s")).to be(true)
        UNIXSocket.new("#{@directory}/s").close
      end
    end

    it "takes them by name, beside others" do
      two do |one, two|
        child = start(one, two, env: { "LISTEN_FDNAMES" => "web:admin" },
                                flags: %w[-b systemd://admin -b 127.0.0.1 -b systemd://web])
        urls = urls(child)
        expect(urls.values_at(0, 2)).to eq(["unix://#{@directory}/s", "http://127.0.0.1:#{one.local_address.ip_port}"])
        expect(HttpClient.get(URI(urls[1]).port, "/free").body).to eq("free")
      end
    end

    it "refuses a name that systemd does not pass, and a socket that no address names" do
      two do |one, two|
        env = { "LISTEN_FDNAMES" => "web:admin" }
        expect_end(start(one, two, env:, flags: %w[-b systemd://other]),
                   %r{\Akino: no socket for bind systemd://other: this process got systemd://web, systemd://admin$})
        expect_end(start(one, two, env:, flags: %w[-b systemd://web]),
                   %r{\Akino: the service manager has passed systemd://admin, which bind does not name$})
      end
    end
  end

  it "sends watchdog pings" do
    start(env: { "NOTIFY_SOCKET" => manager.name, "WATCHDOG_USEC" => "20000" })
    expect(manager.next).to include("READY" => "1")
    3.times { expect(manager.next).to eq("WATCHDOG" => "1") }
  end

  it "sends no watchdog pings if WATCHDOG_PID is another process" do
    child = start(env: { "NOTIFY_SOCKET" => manager.name, "WATCHDOG_USEC" => "2", "WATCHDOG_PID" => "1" })
    expect(manager.next).to include("READY" => "1")
    child.signal("TERM")
    expect(manager.next).to include("STOPPING" => "1")
  end

  it "does not report readiness if it fails to start" do
    listening do |taken|
      child = start(flags: ["-p", taken.local_address.ip_port.to_s], env: { "NOTIFY_SOCKET" => manager.name })
      expect(child.own_status.exitstatus).to eq(1)
      expect(manager.next).to include("STOPPING" => "1")
      expect(manager).to be_quiet
    end
  end

  it "serves even if the manager's socket is gone" do
    child = start(env: { "NOTIFY_SOCKET" => "/nowhere", "WATCHDOG_USEC" => "2000" })
    expect(HttpClient.get(child.port, "/free").body).to eq("free")
    child.signal("TERM")
    expect([child.own_status.exitstatus, child.errors]).to eq([0, ""])
  end

  it "reports the new main process of a hot restart, and the old process stays silent" do
    listening do |socket|
      env = { "NOTIFY_SOCKET" => manager.name, "WATCHDOG_USEC" => "20000" }
      child = start(socket, env:)
      expect(manager.next).to include("READY" => "1")
      child.signal("USR2")
      said = manager.next_news
      expect(said).to include("MAINPID" => /\A\d+\z/, "READY" => "1", "WATCHDOG" => "1", "STATUS" => /hot restart/)
      expect(child.own_status.exitstatus).to eq(0)
      expect(HttpClient.get(socket.local_address.ip_port, "/pid").body).to eq(said["MAINPID"])
      3.times { expect(manager.next).to eq("WATCHDOG" => "1") }
      Process.kill("TERM", said["MAINPID"].to_i)
      expect(manager.next_news).to include("STOPPING" => "1")
    end
  end
end
