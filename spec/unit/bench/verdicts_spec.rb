# frozen_string_literal: true

require_relative "../../../bench/support/compare/verdicts"
require_relative "../../../bench/support/compare/comparison"

RSpec.describe Bench::Verdicts do
  def bar(**) = Bench::Bar.new(measure: :instructions, row: "plaintext", of: "a", against: "b", **)

  def verdicts(bar, instructions) = described_class.new(Bench::Comparison.new([]), instructions:, bars: [bar])

  it "recognises a bar that is met" do
    expect(verdicts(bar(most: 1.25), { "a" => 12.0, "b" => 10.0 }).facts).to match [a_hash_including(met: true)]
    expect(verdicts(bar(least: 1.0), { "a" => 10.0, "b" => 10.0 })).to be_met
  end

  it "says by how much a figure misses its bar" do
    verdict = verdicts(bar(least: 2.0), { "a" => 15.0, "b" => 10.0 })
    expect(verdict).not_to be_met
    expect(verdict.to_s).to include("short by 25 %")
    expect(verdicts(bar(most: 1.0), { "a" => 15.0, "b" => 10.0 }).to_s).to include("short by 50 %")
  end

  it "does not judge what was not measured" do
    verdict = verdicts(bar(least: 2.0), { "a" => 15.0 })
    expect(verdict).to be_met
    expect(verdict.to_s).to include("not measured")
  end

  it "has only bars of rows and columns that exist" do
    require_relative "../../../bench/support/compare/columns"
    require_relative "../../../bench/support/compare/rows"
    bars = Bench::Bars::ALL
    expect(Bench::Rows::NAMES).to include(*bars.map(&:row))
    expect(Bench::Columns::NAMES).to include(*bars.flat_map { |bar| [bar.of, bar.against] })
  end
end
