# frozen_string_literal: true

require "stringio"
require "kino/error_log"
require "kino/systemd/watchdog"

RSpec.describe Kino::Systemd::Watchdog do
  let(:signs) { Thread::Queue.new }
  let(:notifier) { Struct.new(:signs) { def alive = signs << :alive }.new(signs) }
  let(:server) { Struct.new(:stats).new({}) }

  def watchdog(env, of: server) = described_class.new(server: of, notifier:, env:)

  it "pings twice as often as required" do
    expect(described_class.interval("WATCHDOG_USEC" => "3000000")).to eq(1.5)
    expect(described_class.interval("WATCHDOG_USEC" => "1", "WATCHDOG_PID" => Process.pid.to_s)).to eq(5e-7)
  end

  it "is off if not requested, or requested for another process" do
    expect(described_class.interval({})).to be_nil
    ["", "0", "-1", "soon"].each { |text| expect(described_class.interval("WATCHDOG_USEC" => text)).to be_nil }
    expect(described_class.interval("WATCHDOG_USEC" => "1", "WATCHDOG_PID" => Process.ppid.to_s)).to be_nil
    watchdog({}).start.stop
    expect(signs).to be_empty
  end

  it "is adopted by this process if the environment names none" do
    env = { "WATCHDOG_USEC" => "1" }
    described_class.adopt(env)
    expect(env).to eq("WATCHDOG_USEC" => "1", "WATCHDOG_PID" => Process.pid.to_s)
    [{}, { "WATCHDOG_USEC" => "1", "WATCHDOG_PID" => "1" }].each do |given|
      expect { described_class.adopt(given) }.not_to(change { given })
    end
  end

  it "pings until it is stopped" do
    watchdog = watchdog({ "WATCHDOG_USEC" => "2000" }).start
    3.times { expect(signs.pop).to eq(:alive) }
    watchdog.stop
    watchdog.stop
  end

  it "pauses while the server does not answer" do
    figures = Thread::Queue.new
    slow = Object.new
    slow.define_singleton_method(:stats) { figures.pop }
    watchdog = watchdog({ "WATCHDOG_USEC" => "2" }, of: slow).start
    figures << {}
    expect(signs.pop).to eq(:alive)
    eventually { figures.num_waiting == 1 }
    expect(signs).to be_empty
  ensure
    watchdog.stop
    figures.close
  end

  it "stops for good if the server fails, and logs why" do
    broken = Object.new
    def broken.stats = raise("no figures")
    CapturedStderr.of do |stderr|
      watchdog({ "WATCHDOG_USEC" => "2" }, of: broken).start
      eventually { stderr.peek.include?("RuntimeError: no figures") }
    end
    expect(signs).to be_empty
  end
end
