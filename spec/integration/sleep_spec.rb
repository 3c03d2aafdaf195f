# frozen_string_literal: true

require "support/integration"

RSpec.describe Kino, ".sleep" do
  # Long enough to hang the example if nothing ends the sleep.
  let(:forever) { 3600 }

  # @return [Thread] a thread that sleeps
  def sleeping(seconds = forever)
    ready = Thread::Queue.new
    thread = concurrently do
      ready << :ready
      described_class.sleep(seconds)
    end
    ready.pop
    eventually("it sleeps") { thread.status == "sleep" }
    thread
  end

  it "returns whole seconds, as Kernel#sleep does" do
    expect(described_class.sleep(0)).to eq(0)
    expect(described_class.sleep(0.0)).to eq(0)
    expect(described_class.sleep(0.001)).to eq(0)
    expect(described_class.sleep(Rational(1, 1000))).to be_an(Integer)
  end

  it "does not return early" do
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    described_class.sleep(0.02)
    expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - start).to be >= 0.02
  end

  it "lets other threads run" do
    questions = Thread::Queue.new
    answers = Thread::Queue.new
    other = concurrently { 100.times { answers << (questions.pop + 1) } }
    sleeper = sleeping
    100.times { |number| questions << number }
    expect(Array.new(100) { answers.pop }).to eq((1..100).to_a)
    other.join
  ensure
    sleeper.kill.join
  end

  it "is ended by Thread#kill" do
    thread = sleeping
    thread.kill
    expect(thread.join.value).to be_nil
  end

  it "is ended by Thread#raise" do
    thread = sleeping
    thread.raise(IOError, "wake up")
    expect { thread.value }.to raise_error(IOError, "wake up")
  end

  it "keeps sleeping after Thread#wakeup" do
    thread = sleeping
    thread.wakeup
    10.times { Thread.pass }
    expect(thread).to be_alive
    thread.kill.join
  end

  it "lets signal handlers run" do
    caught = Thread::Queue.new
    former = trap("USR1") { caught << :caught }
    sleeper = sleeping
    Process.kill("USR1", Process.pid)
    expect(caught.pop).to eq(:caught)
  ensure
    trap("USR1", former || "DEFAULT")
    sleeper.kill.join
  end

  it "refuses anything but a number of seconds" do
    [nil, "1", :a, [], Object.new].each do |bad|
      expect { described_class.sleep(bad) }.to raise_error(TypeError, /can't convert .* into a number of seconds/)
    end
    [-1, -0.1, Float::NAN, Float::INFINITY, 1e300].each do |bad|
      expect { described_class.sleep(bad) }.to raise_error(ArgumentError, /time interval|0 or more/)
    end
    expect { described_class.sleep }.to raise_error(ArgumentError, /given 0, expected 1/)
    expect { described_class.sleep(1, 2) }.to raise_error(ArgumentError, /given 2, expected 1/)
  end

  in_both_modes do
    it "works in apps" do
      server = serve(Apps::Blocking)
      expect(HttpClient.get(server.port, "/nap").body).to eq("0")
    end

    it "does not keep a server from stopping" do
      server = serve(Apps::Blocking)
      client = connect(server).send_head("GET", "/sleep-forever?#{rendezvous.path}")
      rendezvous.next
      server.shutdown(timeout: 0)
      expect(client.read_response.status).to eq(500)
    end
  end
end
