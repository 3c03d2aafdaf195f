# frozen_string_literal: true

require "kino/hooks/threads"
require "kino/pool/exit_hook"

RSpec.describe Kino::Pool::ExitHook do
  let(:told) { Thread::Queue.new }
  let(:threads) { Kino::Hooks::Threads.new }

  def exit_hook(hook) = described_class.new(hook, threads:)

  def all_told = Array.new(told.size) { told.pop }

  it "calls the hook for each exit, in order, on one thread of its own" do
    subject = exit_hook(->(*all) { told << [all, Thread.current, threads.current?] })
    error = RuntimeError.new("why")
    subject.notify(0, error)
    subject.notify(1, nil)
    subject.finish(60)
    calls = all_told
    expect(calls.map(&:first)).to eq([[0, error], [1, nil]])
    expect(calls.map { |call| call[1] }.uniq - [Thread.current]).to match([be_a(Thread)])
    expect(calls.map(&:last)).to eq([true, true])
  end

  it "does nothing without a hook" do
    subject = exit_hook(nil)
    expect([subject.notify(0, nil), subject.finish(0)]).to eq([nil, nil])
  end

  it "goes on after a hook that raises, calls exit, or kills its thread" do
    ends = [-> { raise "broken" }, -> { exit }, -> { Thread.current.kill }]
    subject = exit_hook(->(index, _) { told << index and ends[index]&.call })
    expect do
      4.times { |index| subject.notify(index, nil) }
      subject.finish(60)
    end.to output(/RuntimeError: broken.*SystemExit/m).to_stderr
    expect(all_told).to eq([0, 1, 2, 3])
  end

  it "does not wait for a hook that hangs, and logs how many calls are left out" do
    subject = exit_hook(->(index, _) { told << index and sleep })
    3.times { |index| subject.notify(index, nil) }
    expect(told.pop(timeout: 20)).to eq(0)
    expect { subject.finish(0) }
      .to output("kino: the hook on_worker_exit has not returned and is waited for no longer; calls left " \
                 "out: 2\n").to_stderr
    expect(told).to be_empty
  end

  it "limits the calls that wait, and logs once that it leaves some out" do
    leave = Thread::Queue.new
    subject = exit_hook(->(index, _) { told << index and leave.pop })
    subject.notify(0, nil)
    expect(told.pop(timeout: 20)).to eq(0)
    expect { (1..(described_class::MOST + 2)).each { |index| subject.notify(index, nil) } }
      .to output("kino: the hook on_worker_exit is 1024 calls behind: further ones are left out\n").to_stderr
    leave.close
    subject.finish(60)
    expect(all_told).to eq((1..described_class::MOST).to_a)
  end

  it "tries again at the next exit if no thread could be started" do
    subject = exit_hook(->(index, _) { told << index })
    allow(Thread).to receive(:new).and_raise(ThreadError, "can't create Thread")
    subject.notify(0, nil)
    allow(Thread).to receive(:new).and_call_original
    subject.notify(1, nil)
    subject.finish(60)
    expect(all_told).to eq([0, 1])
  end
end
