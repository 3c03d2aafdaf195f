# frozen_string_literal: true

require "kino/signals"

RSpec.describe Kino::Signals do
  subject(:signals) { described_class.new(stop: -> { seen << :stop }, others: { "USR1" => -> { seen << :usr1 } }) }

  let(:seen) { Thread::Queue.new }

  def current(signal)
    trap(signal, "SYSTEM_DEFAULT").tap { |handler| trap(signal, handler || "DEFAULT") }
  end

  def signal(name) = Process.kill(name, Process.pid)

  { "INT" => :stop, "TERM" => :stop, "QUIT" => :stop, "USR1" => :usr1 }.each do |name, action|
    it "runs the action for #{name}" do
      signals.during do
        signals.start
        signal(name)
        expect(seen.pop).to eq(action)
      end
    end

    it "restores the previous handler of #{name}" do
      mine = proc {}
      former = trap(name, mine)
      signals.during { expect(current(name)).not_to be(mine) }
      expect(current(name)).to be(mine)
      expect { described_class.new(stop: -> {}).during { raise "no" } }.to raise_error("no")
      expect(current(name)).to be(mine)
    ensure
      trap(name, former || "DEFAULT")
    end
  end

  it "keeps signals that arrive before the start" do
    signals.during do
      signal("USR1")
      signal("TERM")
      eventually { seen.empty? }
      signals.start
      expect([seen.pop, seen.pop]).to contain_exactly(:usr1, :stop)
    end
  end

  it "never makes one signal wait for another" do
    hung = Thread::Queue.new
    signals = described_class.new(stop: -> { seen << :stop }, others: { "HUP" => -> { hung.pop } })
    signals.during do
      signals.start
      signal("HUP")
      eventually { hung.num_waiting == 1 }
      signal("TERM")
      expect(seen.pop).to eq(:stop)
    end
  ensure
    hung.close
  end

  it "handles signals one after another if no thread can be created" do
    signals.during do
      signals.start
      allow(Thread).to receive(:new).and_raise(ThreadError, "can't create Thread: Resource temporarily unavailable")
      %w[USR1 TERM].each { |name| signal(name) }
      expect([seen.pop, seen.pop]).to contain_exactly(:usr1, :stop)
      expect(Thread).to have_received(:new).twice
    end
  end

  it "survives an exception raised at its thread, or its kill" do
    allow(Kino::ErrorLog).to receive(:line)
    reader = lambda do
      eventually { Thread.list.find { |thread| thread.name == "kino-signals" && thread.stop? } }
    end
    signals.during do
      signals.start
      reader.call.raise(Exception, "no more signals")
      signal("USR1")
      expect(seen.pop(timeout: 20)).to eq(:usr1)
      reader.call.kill.join
      signal("USR1")
      expect(seen.pop(timeout: 20)).to eq(:usr1)
    end
    expect(Kino::ErrorLog).to have_received(:line).with(/\Asignals are heard as before, after Exception: no more/)
  end

  it "logs an action's exception, and continues" do
    signals = described_class.new(stop: -> { seen << :stop }, others: { "HUP" => -> { raise "no hook" } })
    CapturedStderr.of do |stderr|
      signals.during do
        signals.start
        signal("HUP")
        eventually { stderr.peek.include?("kino: RuntimeError: no hook") }
        signal("TERM")
        expect(seen.pop).to eq(:stop)
      end
    end
  end

  it "returns the block's value" do
    expect(signals.during { :done }).to eq(:done)
  end

  # In a child, for it ends the process. That a second signal of either kind does so, spec/integration has.
  it "ends the process at once on a second signal, whichever came first" do
    child = fork do
      entered = Thread::Queue.new
      stuck = lambda do
        entered.push(true)
        Thread.stop
      end
      signals = described_class.new(stop: stuck)
      signals.during do
        signals.start
        signal("TERM")
        entered.pop
        signal("INT")
        Thread.stop
      end
    ensure
      exit!(7)
    end
    expect(Process.wait2(child).last.exitstatus).to eq(1)
  end
end
