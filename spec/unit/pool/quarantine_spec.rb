# frozen_string_literal: true

require "kino"
require "kino/pool/quarantine"

RSpec.describe Kino::Pool::Quarantine do
  def quarantine(seconds) = described_class.new(server_id: 7, seconds:, most: 2)

  it "checks four times within the timeout, within limits" do
    expect([0.001, 0.4, 60.0, nil].map { |seconds| quarantine(seconds).interval }).to eq([0.005, 0.1, 1.0, nil])
  end

  it "quarantines all workers that hang, and logs each" do
    allow(Kino::Native).to receive(:quarantine).with(7, 1.5, 2).and_return(0, 2, nil)
    seen = []
    expect { quarantine(1.5).check { |index| seen << index } }.to output(
      /\Akino: kino-worker-1 has been at one request for more than 1\.5 s: .*\nkino: kino-worker-3 has been .*\n\z/
    ).to_stderr
    expect(seen).to eq([0, 2])
  end

  it "does nothing without a timeout" do
    expect(Kino::Native).not_to receive(:quarantine)
    expect { |block| quarantine(nil).check(&block) }.not_to yield_control
  end
end
