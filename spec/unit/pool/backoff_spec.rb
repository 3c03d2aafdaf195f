# frozen_string_literal: true

require "kino/pool/backoff"

RSpec.describe Kino::Pool::Backoff do
  it "replaces one at once that has served" do
    expect(described_class.delay(0)).to eq(0)
  end

  it "doubles from one failure to the next, up to its longest, and then gives up" do
    expect((1..8).map { |failures| described_class.delay(failures) }).to eq([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, nil])
  end
end
