# frozen_string_literal: true

require "kino/pool/worker_table"

RSpec.describe Kino::Pool::Backoff do
  it "replaces a worker that has served at once" do
    expect(described_class.delay(0)).to eq(0)
  end

  it "doubles the delay with each failure, up to the longest" do
    expect((1..8).map { |failures| described_class.delay(failures) }).to eq([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])
    expect(described_class.delay(100_000)).to eq(5.0)
  end

  it "is exhausted after 8 failures in a row" do
    expect([0, 7, 8, 9].map { |failures| described_class.exhausted?(failures) }).to eq([false, false, true, true])
  end
end
