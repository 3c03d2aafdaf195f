# frozen_string_literal: true

require "socket"
require "tmpdir"
require "kino/inherited"

RSpec.describe Kino::Inherited do
  let(:handover) { Kino::HotRestart::Handover.new(listener: Object.new, report: pipe.last, predecessor: 12, kept: true) }
  let(:pipe) { IO.pipe }

  it "is only the working directory if nothing was passed on" do
    Dir.mktmpdir do |directory|
      Dir.chdir(directory) do
        expect(described_class.take({})).to have_attributes(
          listener: nil, handover: nil, predecessor: nil, directory: File.realpath(directory), announce: false,
          kept?: false
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

  it "has the socket of a service manager, and no predecessor" do
    socket = Object.new
    allow(Kino::Systemd::Activation).to receive(:take).and_return(socket)
    expect(described_class.take({}))
      .to have_attributes(listener: socket, predecessor: nil, announce: false, kept?: true)
  end

  it "prefers the predecessor's socket to a service manager's, and notifies the predecessor" do
    allow(Kino::HotRestart::Handover).to receive(:take).and_return(handover)
    allow(Kino::Systemd::Activation).to receive(:take).and_return(Object.new)
    inherited = described_class.take({})
    expect(inherited).to have_attributes(listener: handover.listener, predecessor: 12, kept?: true)
    expect(inherited.with(handover: handover.with(kept: false))).not_to be_kept
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
