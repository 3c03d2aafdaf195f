# frozen_string_literal: true

require "socket"
require "tmpdir"
require "kino/inherited"

RSpec.describe Kino::Inherited do
  let(:handover) { Kino::HotRestart::Handover.new(sockets: [passed], report: pipe.last, predecessor: 12) }
  let(:pipe) { IO.pipe }
  let(:passed) { Kino::PassedSocket.new(identity: "tcp://h:1", io: IO.pipe.first, kept: false) }

  it "is only the working directory if nothing was passed on" do
    Dir.mktmpdir do |directory|
      Dir.chdir(directory) do
        expect(described_class.take({})).to have_attributes(
          sockets: [], handover: nil, predecessor: nil, directory: File.realpath(directory), announce: false
        )
      end
    end
  end

  it "has no directory if it was deleted" do
    Dir.mktmpdir do |parent|
      gone = "#{parent}/gone"
      Dir.mkdir(gone)
      Dir.chdir(gone) do
        Dir.rmdir(gone)
        expect(described_class.take({})).to have_attributes(directory: nil)
      end
    end
  end

  it "has the sockets of a service manager, and no predecessor" do
    allow(Kino::Systemd::Activation).to receive(:take).and_return([passed])
    inherited = described_class.take({})
    expect(inherited).to have_attributes(sockets: [passed], predecessor: nil, announce: false)
    inherited.close
    expect(passed.io).to be_closed
  end

  it "prefers the predecessor's sockets to a service manager's, and notifies the predecessor" do
    allow(Kino::HotRestart::Handover).to receive(:take).and_return(handover)
    allow(Kino::Systemd::Activation).to receive(:take).and_return([passed.with(identity: "systemd://a")])
    inherited = described_class.take({})
    expect(inherited).to have_attributes(sockets: [passed], predecessor: 12)
    expect(inherited.announce).to be(true)
    expect(pipe.first.read).to eq(Kino::HotRestart::Handover::READY)
  end

  it "has the predecessor's watchdog" do
    env = { "WATCHDOG_USEC" => "1" }
    described_class.take(env)
    expect(env.keys).to eq(["WATCHDOG_USEC"])
    allow(Kino::HotRestart::Handover).to receive(:take).and_return(handover)
    described_class.take(env)
    expect(env).to include("WATCHDOG_PID" => Process.pid.to_s)
  end

  it "removes its variables from the environment" do
    env = { "LISTEN_PID" => "1", "LISTEN_FDS" => "1", "LISTEN_FDNAMES" => "web", "OTHER" => "1" }
    described_class.take(env)
    expect(env).to eq("OTHER" => "1")
    env = { "KINO_HANDOVER" => "?" }
    expect { described_class.take(env) }.to raise_error(Kino::BindError)
    expect(env).to be_empty
  end
end
