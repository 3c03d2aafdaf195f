# frozen_string_literal: true

require "rbconfig"
require "support/child"
require "kino/hot_restart/successor"

RSpec.describe Kino::HotRestart::Successor do
  around do |example|
    reader, @writer = IO.pipe
    @sockets = [Kino::PassedSocket.new(identity: "unix:///a b", io: reader, kept: false)]
    example.run
  ensure
    @successors&.each { |successor| successor.dismiss(0) }
    [reader, @writer].each(&:close)
  end

  # Seconds; a guard against hanging.
  let(:limit) { 20 }

  def start(program, env: { "GIVEN" => "1" }, chdir: "/")
    command = [RbConfig.ruby, "--disable-gems", "-I#{Child::ROOT}/lib", "-e", program]
    @successor = described_class.new(@sockets, command:, env:, chdir:)
    (@successors ||= []) << @successor
    @successor
  end

  def announcing(program = "sleep") = <<~RUBY
    require "kino/hot_restart/handover"
    handover = Kino::HotRestart::Handover.take(ENV)
    #{program.include?("announce") ? program : "handover.announce; #{program}"}
  RUBY

  def alive?(pid)
    Process.kill(0, pid)
    true
  rescue Errno::ESRCH
    false
  end

  it "is ready once it reports that" do
    expect(start(announcing).await(limit)).to have_attributes(kind: :ready, words: "serves")
    expect(alive?(@successor.pid)).to be(true)
  end

  it "gets the socket, the directory, our pid, and only the given environment" do
    answers, answer = IO.pipe
    program = announcing(<<~RUBY)
      puts [handover.predecessor, Dir.pwd, ENV.keys.sort, handover.sockets.map { |it| [it.identity, it.io.read] }]
      $stdout.flush
      handover.announce
    RUBY
    former = $stdout.dup
    $stdout.reopen(answer)
    start(program)
    $stdout.reopen(former)
    answer.close
    @writer.write("through the socket")
    @writer.close
    expect(answers.read.lines(chomp: true)).to eq([Process.pid.to_s, "/", "GIVEN", "unix:///a b", "through the socket"])
  ensure
    [answers, answer, former].each(&:close)
  end

  it "has ended, whatever the cause" do
    expect(start("exit 3").await(limit)).to have_attributes(kind: :ended, words: "ended with status 3")
    expect(start("Process.kill(:KILL, Process.pid); sleep").await(limit))
      .to have_attributes(kind: :ended, words: "ended with signal KILL")
  end

  it "has ended if it exits after it has reported that it is ready" do
    start(announcing("handover.announce; exit 4"))
    eventually { !alive?(@successor.pid) }
    @successor.dismiss(limit) # which waits until this process knows it too
    expect(@successor.await(limit)).to have_attributes(kind: :ended, words: "ended with status 4")
  end

  it "is late if it reports nothing, even if it has closed the pipe" do
    start("sleep")
    expect(@successor.await(0.0)).to have_attributes(kind: :late, words: "was not ready after 0 s")
    start("require 'kino/hot_restart/handover'; Kino::HotRestart::Handover.take(ENV).report.close; sleep")
    expect(@successor.await(0.5)).to have_attributes(kind: :late, words: "was not ready after 0.5 s")
  end

  it "can be cancelled" do
    start("sleep")
    @successor.cancel
    expect(@successor.await(limit)).to have_attributes(kind: :cancelled, words: "is not wanted any more")
  end

  it "stops on request" do
    start(announcing).await(limit)
    @successor.dismiss(limit)
    expect(alive?(@successor.pid)).to be(false)
  end

  it "is killed if it does not stop in time" do
    start(announcing("trap('TERM') {}; handover.announce; sleep"))
    @successor.await(limit)
    @successor.dismiss(0)
    expect(alive?(@successor.pid)).to be(false)
    @successor.dismiss(0) # nobody is there any more
  end

  it "leaves no descriptors if it cannot be started" do
    ends = []
    allow(IO).to(receive(:pipe).and_wrap_original { |original| original.call.tap { |pair| ends.concat(pair) } })
    expect { described_class.new(@sockets, command: ["/nowhere"], env: {}, chdir: "/") }
      .to raise_error(Errno::ENOENT)
    expect([ends.size, ends.all?(&:closed?)]).to eq([2, true])
  end

  # Else it would serve beside us, and nobody would know.
  it "does not outlive a failed start when no thread can be created" do
    pids = []
    allow(Process).to receive(:spawn).and_wrap_original do |original, *words, **options|
      original.call(*words, **options).tap { |pid| pids << pid }
    end
    allow(Thread).to receive(:new).and_raise(ThreadError)
    expect { start("sleep") }.to raise_error(ThreadError)
    expect(pids.map { |pid| alive?(pid) }).to eq([false])
  end
end
