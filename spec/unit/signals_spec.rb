# frozen_string_literal: true

require "kino/signals"

RSpec.describe Kino::Signals do
  # Something to shut down, which says so.
  let(:server) do
    Struct.new(:stopped) { def shutdown = stopped.push(:shutdown) }.new(Thread::Queue.new)
  end

  def current(signal)
    trap(signal, "SYSTEM_DEFAULT").tap { |handler| trap(signal, handler || "DEFAULT") }
  end

  described_class::STOP.each do |signal|
    it "shuts the server down on #{signal}" do
      described_class.stopping(server) do
        Process.kill(signal, Process.pid)
        expect(server.stopped.pop).to eq(:shutdown)
      end
    end

    it "gives back the handler of #{signal}" do
      mine = proc {}
      former = trap(signal, mine)
      described_class.stopping(server) { expect(current(signal)).not_to be(mine) }
      expect(current(signal)).to be(mine)
      expect { described_class.stopping(server) { raise "no" } }.to raise_error("no")
      expect(current(signal)).to be(mine)
    ensure
      trap(signal, former || "DEFAULT")
    end
  end

  it "returns what the block returns" do
    expect(described_class.stopping(server) { :done }).to eq(:done)
  end

  # In a child, for it ends the process. That a second signal of either kind does so, spec/integration has.
  it "ends the process at once on a second signal, whichever came first" do
    child = fork do
      stuck = Struct.new(:entered) do
        def shutdown
          entered.push(true)
          Thread.stop
        end
      end.new(Thread::Queue.new)
      described_class.stopping(stuck) do
        Process.kill("TERM", Process.pid)
        stuck.entered.pop
        Process.kill("INT", Process.pid)
        Thread.stop
      end
    ensure
      exit!(7)
    end
    expect(Process.wait2(child).last.exitstatus).to eq(1)
  end
end
