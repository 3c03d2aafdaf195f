# frozen_string_literal: true

require "kino/hot_restart/handover"

RSpec.describe Kino::HotRestart::Handover do
  let(:pipe) { IO.pipe }
  let(:socket) { IO.pipe.first }
  let(:given) { described_class.new(listener: socket, report: pipe.last, predecessor: 12, kept: false) }

  it "reads what the old process passed on" do
    env = given.variables
    taken = described_class.take(env)
    [taken.listener, taken.report].each { |io| io.autoclose = false }
    expect(taken).to have_attributes(predecessor: 12, kept: false)
    expect([taken.listener, taken.report].map(&:fileno)).to eq([socket, pipe.last].map(&:fileno))
    expect([taken.listener, taken.report]).to all(be_close_on_exec)
    expect(env).to be_empty
  end

  it "tells whether a service manager keeps the socket" do
    taken = described_class.take(given.with(kept: true).variables)
    [taken.listener, taken.report].each { |io| io.autoclose = false }
    expect(taken.kept).to be(true)
  end

  it "is nil without a predecessor" do
    expect(described_class.take({})).to be_nil
  end

  it "rejects an invalid variable" do
    ["", "3", "listener=3 report=4 predecessor=x kept=no",
     "listener=3 report=4 predecessor=5 kept=no\n", "listener=3 report=4 predecessor=5"].each do |text|
      env = { described_class::VARIABLE => text }
      expect { described_class.take(env) }.to raise_error(Kino::BindError, /\AKINO_HANDOVER is for hot restarts only/)
      expect(env).to be_empty
    end
    env = { described_class::VARIABLE => "listener=9999 report=9998 predecessor=1 kept=no" }
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
