# frozen_string_literal: true

require "kino/hooks/threads"

RSpec.describe Kino::Hooks::Threads do
  subject(:threads) { described_class.new }

  it "calls a hook on a thread of its own, and waits for it" do
    told = []
    threads.call(:before_shutdown, -> { told << [threads.current?, Thread.current.name] }, 60)
    expect(told).to eq([[true, "kino-before_shutdown"]])
    expect(threads).not_to be_current
  end

  it "does nothing without a hook" do
    expect(threads.call(:before_shutdown, nil, 60)).to be_nil
  end

  it "waits no longer than its time limit, logs that, and lets the hook continue" do
    leave = Thread::Queue.new
    left = Thread::Queue.new
    expect { threads.call(:before_shutdown, -> { left << leave.pop }, 0) }
      .to output("kino: the hook before_shutdown has not returned after 0 s and is waited for no longer\n").to_stderr
    leave << :late
    expect(left.pop(timeout: 20)).to eq(:late)
  end

  it "returns while a hook runs, and closes the queue however the hook ends" do
    [-> {}, -> { raise "broken" }, -> { Thread.current.kill }].each do |hook|
      done = Thread::Queue.new
      allow(Kino::ErrorLog).to receive(:exception)
      threads.call_async(:after_boot, hook, done:)
      expect(done.pop(timeout: 20)).to be_nil
      expect(done).to be_closed
    end
  end

  it "closes the queue if no thread can be started" do
    done = Thread::Queue.new
    allow(Thread).to receive(:new).and_raise(ThreadError, "can't create Thread")
    expect { threads.call_async(:after_boot, -> {}, done:) }.to raise_error(ThreadError)
    expect(done).to be_closed
  end

  it "distinguishes its own threads from others" do
    leave = Thread::Queue.new
    threads.call_async(:after_boot, -> { leave.pop }, done: Thread::Queue.new)
    expect(Thread.new { threads.current? }.value).to be(false)
    leave << :now
  end
end
