# frozen_string_literal: true

require_relative "../../../bench/support/compare/comparison"
require_relative "../../../bench/support/compare/sample"

RSpec.describe Bench::Comparison do
  def sample(column, round, requests, read: 0)
    wrk = Bench::Load::FAULTS.to_h { |name| [name, 0] }
    wrk = wrk.merge("requests" => requests, "seconds" => 2.0, "p50_us" => 50, "p99_us" => 90, "read" => read)
    Bench::Sample.new(row: "plaintext", column:, round:, cpu: 0.5, pss: 1000, others: 0.1, wrk:)
  end

  let(:comparison) do
    described_class.new([sample("a", 1, 200), sample("b", 1, 100), sample("a", 2, 900), sample("b", 2, 300, read: 2),
                         sample("a", 3, 100), sample("b", 3, 100), sample("a", 4, 77)])
  end

  it "takes the median of the ratios within each round" do
    expect(comparison.ratio(:rate, "plaintext", "a", "b").to_h).to eq(median: 2.0, min: 1.0, max: 3.0)
  end

  it "spreads a measure over the rounds" do
    expect(comparison.spread(:rate, "plaintext", "b").to_h).to eq(median: 50.0, min: 50.0, max: 150.0)
    expect(comparison.spread(:cpu_us, "plaintext", "b").max).to eq(5000.0)
  end

  it "has nothing if nothing was measured" do
    expect(comparison.spread(:rate, "plaintext", "c")).to be_nil
    expect(comparison.ratio(:rate, "plaintext", "a", "c")).to be_nil
  end

  it "counts errors" do
    expect(comparison.errors("plaintext", "b")).to eq(2)
    expect(comparison.total_errors).to eq(2)
  end
end
