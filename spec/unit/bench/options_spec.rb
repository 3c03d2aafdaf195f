# frozen_string_literal: true

require_relative "../../../bench/support/compare/load"
require_relative "../../../bench/support/compare/options"

RSpec.describe Bench::Options do
  let(:columns) { ->(mode) { Bench::Columns.kinos({ "one" => ["--mode", mode] }) } }

  def flags(options) = options.columns.first.launcher.command(1, options.topology(options.rows.first)).last(2)

  it "makes a study's columns for its mode" do
    expect(flags(described_class.parse([], mode: "ractor", columns:))).to eq(%w[--mode ractor])
    expect(flags(described_class.parse(%w[--mode threaded], mode: "ractor", columns:))).to eq(%w[--mode threaded])
  end

  it "lets other servers take the place of a study's columns" do
    expect(described_class.parse(%w[--servers puma], mode: "ractor", columns:).columns.map(&:name)).to eq(%w[puma])
  end

  it "knows no mode where columns have their own" do
    expect { described_class.parse(%w[--mode threaded]) }
      .to raise_error(SystemExit).and output(/invalid option: --mode/).to_stderr
  end

  it "leaves a row's own number of connections alone" do
    row = Bench::Rows.named(%w[plaintext]).first.at(8)
    expect(row).to have_attributes(name: "plaintext at 8", path: "/plaintext", connections: 8)
    load = Bench::Load.new("http://127.0.0.1:1", row, connections: 64, threads: 1)
    expect(load.command(1).each_cons(2)).to include(%w[--connections 8])
  end
end
