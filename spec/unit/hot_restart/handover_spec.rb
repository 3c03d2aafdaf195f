# frozen_string_literal: true

require "kino/hot_restart/handover"

RSpec.describe Kino::HotRestart::Handover do
  let(:pipe) { IO.pipe }
  let(:sockets) do
    ["tcp://[::1]:80", "systemd://web = 1", "unix:///run/a b%"].map.with_index do |identity, index|
      Kino::PassedSocket.new(identity:, io: IO.pipe.first, kept: index == 1)
    end
  end
  let(:given) { described_class.new(sockets:, report: pipe.last, predecessor: 12) }

  it "reads what the old process passed on" do
    env = given.variables
    taken = described_class.take(env)
    ios = [*taken.sockets.map(&:io), taken.report]
    ios.each { |io| io.autoclose = false }
    expect(taken.predecessor).to eq(12)
    expect(taken.sockets.map { it.with(io: nil) }).to eq(sockets.map { it.with(io: nil) })
    expect(ios.map(&:fileno)).to eq([*sockets.map(&:io), pipe.last].map(&:fileno))
    expect(ios).to all(be_close_on_exec)
    expect(env).to be_empty
  end

  it "is nil without a predecessor" do
    expect(described_class.take({})).to be_nil
  end

  it "rejects an invalid variable" do
    ["", "3", "report=4 predecessor=x 3=a", "report=4 predecessor=5 3=a\n", "report=4 predecessor=5",
     "report=4 predecessor=5 3=", "report=4 predecessor=5 3"].each do |text|
      env = { described_class::VARIABLE => text }
      expect { described_class.take(env) }.to raise_error(Kino::BindError, /\AKINO_HANDOVER is for hot restarts only/)
      expect(env).to be_empty
    end
    env = { described_class::VARIABLE => "report=9998 predecessor=1 9999=tcp" }
    expect { described_class.take(env) }.to raise_error(Kino::BindError, /descriptor 9999, but it is not open/)
  end

  it "tells the predecessor that this process is ready" do
    expect(given.announce).to be(true)
    expect(pipe.first.read).to eq(described_class::READY)
  end

  it "reports that the predecessor is gone" do
    pipe.first.close
    expect(given.announce).to be(false)
  end
end
