# frozen_string_literal: true

require "support/service_manager"
require "kino"

RSpec.describe Kino::Runner do
  # Stands in for Kino::Server: is ready, reloads and stops when it is told to.
  let(:server_class) do
    Class.new do
      attr_reader :settings, :calls, :workers
      attr_accessor :reload_gate

      def initialize(**settings)
        @settings = Kino::Config::Settings.resolve(**settings)
        @calls = Thread::Queue.new
        @stopped = Thread::Queue.new
        @workers = 2
        @ready = false
      end

      def urls = ["http://127.0.0.1:1"]
      def mode = :threaded
      def stats_line = "served=0"
      def ready? = @ready
      def come_up = @ready = true

      def start
        calls << :start
        yield
      end

      def wait = @stopped.pop
      def add_worker = @workers += 1
      def remove_worker = @workers -= 1

      def reload
        calls << :reload
        reload_gate&.pop
      end

      def claim_listeners = @claims = @claims.to_i + 1
      attr_reader :claims

      def shutdown(timeout: :all)
        calls << [:shutdown, timeout]
        @stopped.close
      end
    end
  end
  let(:server) { server_class.new(**settings) }
  let(:settings) { {} }
  let(:inherited) { Kino::Inherited.new(sockets: [], handover: nil, directory: @directory) }
  let(:pidfile) { "#{@directory}/kino.pid" }

  around do |example|
    Dir.mktmpdir("kino") do |directory|
      @directory = directory
      @manager = ServiceManager.new
      former = ENV.fetch("NOTIFY_SOCKET", nil)
      @stderr = CapturedStderr.new
      ENV["NOTIFY_SOCKET"] = @manager.name
      @stderr.capture { example.run }
    ensure
      @stderr.remove
      ENV["NOTIFY_SOCKET"] = former
      @running&.join
      @manager.close
    end
  end

  # In a thread of its own; what it raises is its value.
  def start(&)
    runner = described_class.new(server, inherited:)
    @running = Thread.new do
      runner.run(&)
    rescue StandardError => error
      error
    end
    expect(server.calls.pop).to eq(:start)
  end

  def signal(name) = Process.kill(name, Process.pid)
  def said = @stderr.peek

  def await_line(line)
    eventually(line) { said.include?(line) }
  end

  def stop
    signal("TERM")
    @running.value
  end

  it "reports that the server is ready, and that it stops" do
    start { |given| given.calls << :block }
    expect(server.calls.pop).to eq(:block)
    expect(@manager).to be_quiet
    server.come_up
    expect(@manager.next).to eq("READY" => "1", "STATUS" => "serving http://127.0.0.1:1 (threaded, 2 workers)")
    stop
    expect(@manager.next).to include("STOPPING" => "1")
    expect(@manager).to be_quiet
  end

  it "does not report that it is ready before the block has returned" do
    gate = Thread::Queue.new
    server.come_up
    start { gate.pop }
    eventually { gate.num_waiting == 1 }
    expect(@manager).to be_quiet
    gate << :go_on
    expect(@manager.next).to include("READY" => "1")
    stop
  end

  it "stops a server whose block raises, without reporting that it is ready" do
    server.come_up
    start { raise "not like this" }
    expect(@running.value).to have_attributes(message: "not like this")
    expect(server.calls.pop).to eq([:shutdown, 0])
    expect(@manager.next).to include("STOPPING" => "1")
    expect(@manager).to be_quiet
  end

  describe "with a server that is not ready" do
    it "reloads on HUP, without telling the manager" do
      start
      signal("HUP")
      expect(server.calls.pop).to eq(:reload)
      server.come_up
      expect(@manager.next).to include("READY" => "1")
      stop
    end

    # It told of no begin, so it must not tell of an end either: that would be another reload's.
    it "reports nothing at the end of a reload that began before" do
      server.reload_gate = Thread::Queue.new
      start
      signal("HUP")
      eventually { server.reload_gate.num_waiting == 1 }
      server.come_up
      expect(@manager.next).to include("READY" => "1")
      server.reload_gate << :go_on
      signal("HUP")
      expect(@manager.next).to include("RELOADING" => "1")
      server.reload_gate << :go_on
      expect(@manager.next).to include("READY" => "1")
      stop
    end

    it "does not restart hot on USR2" do
      start
      signal("USR2")
      await_line("kino: no hot restart: this process is not ready itself\n")
      stop
    end

    it "stops on TERM, without reporting that it is ready" do
      start
      stop
      expect(@manager.next).to include("STOPPING" => "1")
      expect(@manager).to be_quiet
    end
  end

  it "handles the other signals" do
    start
    signal("USR1")
    await_line("kino: served=0\n")
    signal("TTIN")
    await_line("kino: TTIN: 3 workers\n")
    signal("TTOU")
    await_line("kino: TTOU: 2 workers\n")
    stop
  end

  describe "with a pidfile" do
    let(:settings) { { pidfile: "kino.pid" } }

    it "claims it before the server starts, and removes it at the end" do
      file = pidfile
      server.define_singleton_method(:start) do |&begun|
        calls << (File.exist?(file) ? :start : :too_early)
        begun.call
      end
      start
      expect(File.read(pidfile)).to eq("#{Process.pid}\n")
      stop
      expect(File.exist?(pidfile)).to be(false)
    end

    it "does not start a server if the pidfile belongs to another process" do
      File.write(pidfile, "#{Process.ppid}\n")
      expect { described_class.new(server, inherited:).run }.to raise_error(Kino::PidfileError)
      expect(server.calls.pop).to eq([:shutdown, 0])
      expect(File.read(pidfile)).to eq("#{Process.ppid}\n")
    end
  end

  describe "after a predecessor" do
    let(:settings) { { pidfile: "kino.pid" } }
    let(:reports) { IO.pipe }
    let(:inherited) do
      handover = Kino::HotRestart::Handover.new(sockets: [], report: reports.last, predecessor: Process.ppid)
      sockets = [Kino::PassedSocket.new(identity: "tcp://h:1", io: reports.first.dup, kept: false)]
      Kino::Inherited.new(sockets:, handover:, directory: @directory)
    end

    before { File.write(pidfile, "#{Process.ppid}\n") }

    it "takes over its pidfile when it is ready, closes the socket, and tells the predecessor instead of the manager" do
      start { nil }
      expect(File.read(pidfile)).to eq("#{Process.ppid}\n")
      server.come_up
      expect(reports.first.gets).to eq(Kino::HotRestart::Handover::READY)
      expect(File.read(pidfile)).to eq("#{Process.pid}\n")
      expect(inherited.sockets.first.io).to be_closed
      expect(@manager).to be_quiet
      stop
    end

    it "notifies the manager itself if the predecessor is gone" do
      inherited
      reports.first.close
      start
      server.come_up
      expect(@manager.next).to include("READY" => "1")
      stop
    end

    it "stops if the pidfile cannot be claimed, and raises the error" do
      start
      File.write(pidfile, "no pid")
      server.come_up
      expect(@running.value).to be_a(Kino::PidfileError)
      reports.last.close
      expect(reports.first.read).to eq("")
    end
  end

  it "does not report a stop once another process serves" do
    restart = nil
    allow(Kino::HotRestart).to receive(:new) do |_server, succeeded:, **|
      restart = instance_double(Kino::HotRestart, call: true, cancel: false, wait: nil)
      succeeded.call(123)
      restart
    end
    start
    expect(@manager.next).to include("MAINPID" => "123")
    stop
    expect(@manager).to be_quiet
    expect(restart).to have_received(:wait)
  end
  it "does not stop before a cancelled successor is gone, for at most half of the shutdown timeout" do
    settings[:shutdown_timeout] = 20
    calls = server.calls
    restart = instance_double(Kino::HotRestart, call: true, cancel: true)
    allow(restart).to receive(:wait) { |seconds = nil| calls << [:wait, seconds] }
    allow(Kino::HotRestart).to receive(:new).and_return(restart)
    start
    stop
    expect(calls.pop).to eq([:wait, 10])
    expect(calls.pop).to match([:shutdown, be_between(1, 20)])
  end

  it "continues its orderly stop if the app requests an end again" do
    settings[:shutdown_timeout] = 20
    calls = server.calls
    under_way, go_on = Array.new(2) { Thread::Queue.new }
    server.define_singleton_method(:shutdown) do |timeout: :all|
      calls << [:shutdown, timeout]
      (under_way << true) && go_on.pop if timeout == 20
    end
    runner = described_class.new(server, inherited:)
    main = Thread.new do
      runner.run { exit(3) }
    rescue SystemExit
      nil
    end
    under_way.pop
    2.times { main.raise(SystemExit) }
    go_on << true
    main.join
    expect(Array.new(calls.size) { calls.pop }).to eq([:start, [:shutdown, 20], [:shutdown, 0]])
  end

  it "stops even if stderr cannot be written to" do
    allow($stderr).to receive(:tty?).and_raise(IOError, "closed stream")
    start
    stop
    expect(server.calls.pop).to match([:shutdown, be_between(29, 30)])
  end

  it "logs no cause if the block just returns" do
    catch(:left) { described_class.new(server, inherited:).run { throw :left } }
    expect(said).to eq("")
    expect(Array.new(server.calls.size) { server.calls.pop }).to eq([:start, [:shutdown, 0]])
  end

  { "exit 3" => -> { exit(3) }, "it was killed" => -> { Thread.current.kill } }.each do |why, ends|
    it "stops in good order if the main thread is ended, and logs it: #{why}" do
      settings[:shutdown_timeout] = 20
      runner = described_class.new(server, inherited:)
      ended = Thread.new do
        Thread.current.report_on_exception = false
        runner.run { ends.call }
      rescue SystemExit
        nil
      end
      ended.join
      expect(Array.new(server.calls.size) { server.calls.pop })
        .to eq([:start, [:shutdown, 20], [:shutdown, 0]])
      expect(said).to include("kino: the server stops, because the main thread was ended (#{why})\n")
    end
  end

  it "does not report that it is ready after it has reported a stop" do
    server.reload_gate = Thread::Queue.new
    server.come_up
    start
    expect(@manager.next).to include("READY" => "1")
    signal("HUP")
    expect(@manager.next).to include("RELOADING" => "1")
    signal("TERM")
    expect(@manager.next).to include("STOPPING" => "1")
    server.reload_gate << :go_on
    @running.value
    expect(@manager).to be_quiet
  end

  describe "the socket" do
    def handed_over(predecessor)
      _reports, report = IO.pipe
      inherited.with(handover: Kino::HotRestart::Handover.new(sockets: [], report:, predecessor:))
    end

    # @return [Integer, nil] how often it was claimed
    def claims(inherited)
      runner = described_class.new(server, inherited:)
      @running = Thread.new { runner.run }
      expect(server.calls.pop).to eq(:start)
      stop
      server.claims
    end

    it "is ours alone at the end if we created it" do
      expect(claims(inherited)).to eq(1)
    end

    it "is ours alone once the predecessor has ended" do
      expect(claims(handed_over(Process.pid))).to eq(1)
    end

    it "is not ours alone while the predecessor lives" do
      expect(claims(handed_over(Process.ppid))).to be_nil
    end

    it "is not ours alone if there is a successor" do
      restart = instance_double(Kino::HotRestart, call: true, cancel: false, wait: true)
      allow(Kino::HotRestart).to receive(:new).and_return(restart)
      expect(claims(inherited)).to be_nil
    end
  end

  it "prints what it waits for after Ctrl-C, and only then" do
    allow($stderr).to receive(:tty?).and_return(true)
    settings[:shutdown_timeout] = 20
    server.define_singleton_method(:stats) { { in_flight: 1, queued: 0 } }
    start
    stop
    expect(said).to include("kino: stopping, in 20 s at most (requests in flight: 1); a second Ctrl-C ends at once\n")
  end

  it "says so if no worker is dismissed" do
    def server.remove_worker = nil
    start
    signal("TTOU")
    await_line("kino: TTOU: 2 workers, as before\n")
    stop
  end
end
