# frozen_string_literal: true

require "rbconfig"
require "socket"
require "stringio"
require "tmpdir"
require "support/child"
require "kino/config/settings"
require "kino/hot_restart"

RSpec.describe Kino::HotRestart do
  subject(:restart) do
    described_class.new(server, program:, succeeded: ->(pid) { calls << [:succeeded, pid] },
                                failed: -> { calls << :failed })
  end

  # Stands in for Kino::Server.
  let(:server_class) do
    Struct.new(:calls, :settings, :state) do
      def ready? = state == :ready

      def passed_sockets
        return [] if state == :closed

        [Kino::PassedSocket.new(identity: "tcp://127.0.0.1:0", io: TCPServer.new("127.0.0.1", 0), kept: false)]
      end

      def shutdown = calls << :shutdown
    end
  end
  let(:server) { server_class.new(calls, settings, :ready) }
  let(:settings) { Kino::Config::Settings.resolve(restart_timeout: 20, shutdown_timeout: 20) }
  let(:calls) { [] }
  let(:program) { Struct.new(:command, :environment, :directory).new(command, { "HOME" => "/" }, "/") }
  # Says that it is ready, and lives until it is told to stop.
  let(:command) do
    ruby(<<~RUBY)
      require "kino/hot_restart/handover"
      Kino::HotRestart::Handover.take(ENV).announce
      sleep
    RUBY
  end

  around do |example|
    @stderr = CapturedStderr.new
    @stderr.capture { Dir.mktmpdir("kino") { |directory| (@directory = directory) && example.run } }
  ensure
    @stderr.remove
    @successor&.dismiss(0)
  end

  before do
    allow(Kino::HotRestart::Successor).to receive(:new).and_wrap_original do |original, *words, **keywords|
      @successor = original.call(*words, **keywords)
    end
  end

  def ruby(program) = [RbConfig.ruby, "--disable-gems", "-I#{Child::ROOT}/lib", "-e", program]
  def said = @stderr.peek
  def pid = @successor.pid

  def alive?(pid)
    Process.kill(0, pid)
    true
  rescue Errno::ESRCH
    false
  end

  # Has the action called when the new process has said that it is ready, and before the old one does anything about it.
  def when_ready(action)
    allow(Kino::HotRestart::Successor).to receive(:new).and_wrap_original do |original, *words, **keywords|
      @successor = original.call(*words, **keywords)
      allow(@successor).to receive(:await).and_wrap_original do |await, *seconds|
        await.call(*seconds).tap { |outcome| action.call(outcome) }
      end
      @successor
    end
  end

  it "hands over once the successor is ready, and then stops" do
    expect(restart.call).to be(true)
    expect(calls).to eq([[:succeeded, pid], :shutdown])
    expect(said).to eq("kino: hot restart: process #{pid} serves, this one finishes what it has begun\n")
    expect(alive?(pid)).to be(true)
  end

  it "leaves the successor alone if it is cancelled after that, and reports it" do
    restart.call
    expect(restart.cancel).to be(false)
    expect(alive?(pid)).to be(true)
  end

  it "does not begin again after it is done or cancelled" do
    restart.call
    expect(restart.call).to be(false)
    expect(said).to end_with("kino: no hot restart: another process serves already\n")
    other = described_class.new(server, succeeded: -> {}, failed: -> {}, program:)
    expect(other.cancel).to be(true)
    expect(other.call).to be(false)
    expect(said).to end_with("kino: no hot restart: the server is stopping\n")
  end

  # A TERM between the moment at which the new process is ready and that at which the old one hands over.
  it "does not hand over if it is cancelled just as the successor becomes ready" do
    outcomes = []
    when_ready(lambda do |outcome|
      outcomes << outcome.kind
      expect(restart.cancel).to be(true)
    end)
    expect(restart.call).to be(false)
    expect(outcomes).to eq([:ready])
    expect(calls).to be_empty
    expect(said).to eq("kino: hot restart failed: process #{pid} is not wanted any more\n")
    expect(alive?(pid)).to be(false)
  end

  # Whoever is told to stop must know which of the two it is by then: what it says of itself depends on it.
  it "cannot be cancelled between the decision and its announcement" do
    cancelled = nil
    seen = Thread::Queue.new
    restart = described_class.new(server, program:, failed: -> {}, succeeded: lambda { |_pid|
      cancelled = Thread.new { seen << restart.cancel }
      eventually { cancelled.stop? }
      calls << [:succeeded, seen.size]
    })
    restart.call
    expect(calls.first).to eq([:succeeded, 0])
    expect(seen.pop).to be(false)
  end

  # A second one would have a Kino end at once, whatever it has accepted by then.
  it "tells a successor that is no longer wanted to stop, once" do
    allow(Process).to receive(:kill).and_call_original
    when_ready(->(_outcome) { restart.cancel })
    restart.call
    expect(Process).to have_received(:kill).with(:TERM, pid).once
    expect(Process).not_to have_received(:kill).with(:KILL, pid)
  end

  it "ends the successor if it is cancelled during the boot" do
    File.mkfifo(begun = "#{@directory}/begun")
    program.command = ruby("File.write('#{begun}', 'yes'); sleep")
    running = Thread.new { restart.call }
    expect(File.read(begun)).to eq("yes")
    restart.cancel
    expect(running.value).to be(false)
    expect([calls, alive?(pid)]).to eq([[], false])
  end

  it "waits after a cancel until the successor is gone, even if it does not obey" do
    File.mkfifo(trapped = "#{@directory}/trapped")
    settings = Kino::Config::Settings.resolve(restart_timeout: 20, shutdown_timeout: 0.01)
    restart = described_class.new(server_class.new(calls, settings, :ready), program:, succeeded: nil, failed: nil)
    program.command = ruby("trap('TERM') {}; File.write('#{trapped}', 'yes'); sleep")
    running = Thread.new { restart.call }
    expect(File.read(trapped)).to eq("yes")
    restart.cancel
    restart.wait
    expect([running.value, alive?(pid)]).to eq([false, false])
  end

  it "waits no longer than the time limit" do
    when_ready(->(_outcome) { restart.wait(0) })
    expect(restart.call).to be(true)
  end

  it "does not wait if none was begun" do
    expect(restart.wait).to be(true)
  end

  it "keeps serving if the successor ends, cleans up, and can be tried again" do
    program.command = ruby("exit 3")
    2.times { expect(restart.call).to be(false) }
    expect(calls).to eq(%i[failed failed])
    expect(said.lines).to all(match(/\Akino: hot restart failed: process \d+ ended with status 3; this one stays\n\z/))
  end

  it "runs once at a time" do
    when_ready(->(_outcome) { expect(restart.call).to be(false) })
    expect(restart.call).to be(true)
    expect(said).to start_with("kino: no hot restart: one is under way already\n")
  end

  describe "is rejected" do
    after do
      expect(restart.call).to be(false)
      expect(said).to eq("kino: no hot restart: #{@reason}\n")
      expect([@successor, calls]).to eq([nil, []])
    end

    it "by process 1" do
      allow(Process).to receive(:pid).and_return(1)
      @reason = "this is process 1, and may not end"
    end

    it "while the server is not ready" do
      server.state = :booting
      @reason = "this process is not ready itself"
    end

    it "if the command is not known" do
      program.command = nil
      @reason = "the command that started this program is not known"
    end

    it "if its working directory was deleted" do
      program.directory = nil
      @reason = "the directory that it was started in was deleted"
    end

    it "if the program cannot be started" do
      program.command = ["/nowhere/at/all"]
      @reason = "No such file or directory - /nowhere/at/all"
    end

    it "if there is no listening socket" do
      allow(server).to receive(:passed_sockets).and_return([])
      @reason = "the server is stopping"
    end

    it "if no file descriptor is left" do
      allow(server).to receive(:passed_sockets).and_raise(Kino::Error, "no descriptor")
      @reason = "no descriptor"
    end
  end
end
