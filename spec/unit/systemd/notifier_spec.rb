# frozen_string_literal: true

require "support/service_manager"
require "kino/systemd/notifier"

RSpec.describe Kino::Systemd::Notifier do
  subject(:notifier) { described_class.new(env: { "NOTIFY_SOCKET" => manager.name }) }

  let(:manager) { ServiceManager.new }

  after { manager.close }

  it "sends the states of sd_notify(3)" do
    notifier.ready("all is well")
    notifier.alive
    notifier.stopping
    expect(manager.next).to eq("READY" => "1", "STATUS" => "all is well")
    expect(manager.next).to eq("WATCHDOG" => "1")
    expect(manager.next).to include("STOPPING" => "1", "STATUS" => /\A\w/)
  end

  it "sends the time at which a reload began" do
    before = Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond)
    notifier.reloading
    said = manager.next
    expect(said).to include("RELOADING" => "1", "MONOTONIC_USEC" => /\A\d+\z/)
    expect(said["MONOTONIC_USEC"].to_i).to be_between(before, before + 20_000_000)
  end

  it "sends nothing once another process is the main process" do
    notifier.succeeded_by(123)
    notifier.stopping
    expect(manager.next).to include("MAINPID" => "123", "READY" => "1", "WATCHDOG" => "1")
    expect(manager).to be_quiet
  end

  it "finds an abstract socket" do
    abstract = ServiceManager.new(abstract: true)
    described_class.new(env: { "NOTIFY_SOCKET" => abstract.name }).ready("well")
    expect(abstract.next).to eq("READY" => "1", "STATUS" => "well")
  ensure
    abstract.close
  end

  [nil, "", "relative", "vsock:2:1", "/nowhere/at/all", "@nobody-#{Process.pid}", "/#{"a" * 200}"].each do |name|
    it "does nothing with #{name.inspect}" do
      expect(described_class.new(env: { "NOTIFY_SOCKET" => name }.compact).ready("well")).to be_nil
    end
  end

  it "limits the wait for a manager that does not read" do
    stub_const("#{described_class}::SEND_TIMEOUT", 0.001)
    notifier.alive until full?
    expect(notifier.alive).to be_nil
  end

  # A non-blocking send tells.
  def full?
    Socket.open(:UNIX, :DGRAM) do |socket|
      socket.connect(Socket.sockaddr_un(manager.name))
      socket.sendmsg_nonblock("X=1", exception: false) == :wait_writable
    end
  end
end
