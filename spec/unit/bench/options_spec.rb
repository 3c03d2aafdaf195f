# frozen_string_literal: true

require_relative "../../../bench/support/compare/load"
require_relative "../../../bench/support/compare/options"

RSpec.describe Bench::Options do
  let(:columns) { Bench::Columns.named(%w[kino-threaded puma-single]) }

  it "takes a study's servers and numbers as its defaults" do
    expect(described_class.parse([], columns:, connections: 12)).to have_attributes(columns:, connections: 12)
  end

  it "lets other servers and numbers replace a study's" do
    options = described_class.parse(%w[2 8 --servers puma], columns:, connections: 12)
    expect(options).to have_attributes(seconds: 2, connections: 8, columns: [have_attributes(name: "puma")])
  end

  it "refuses options and servers that it does not know" do
    expect { described_class.parse(%w[--mode threaded]) }
      .to raise_error(SystemExit).and output(/invalid option: --mode/).to_stderr
    expect { described_class.parse(%w[--servers nginx]) }
      .to raise_error(SystemExit).and output(/there is no nginx/).to_stderr
  end

  it "opens as many connections as a row fixes, whatever the run is told" do
    row = Bench::Rows.named(%w[latency]).first
    load = Bench::Load.new("http://127.0.0.1:1", row, connections: 64, threads: 1)
    expect(load.command(1).each_cons(2)).to include(%w[--connections 1])
  end
end
