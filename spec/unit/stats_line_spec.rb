# frozen_string_literal: true

require "kino/stats_line"

RSpec.describe Kino::StatsLine do
  it "joins nested names with dots" do
    stats = { mode: :ractor, refusals: { bad_host: 2 }, queue_wait_ms: { p50: 0.25 },
              per_worker: [{ index: 0, busy_ms: nil, quarantined: false }], lane_depths: [1, 2], empty: {} }
    expect(described_class.of(stats)).to eq(
      "mode=ractor refusals.bad_host=2 queue_wait_ms.p50=0.250 per_worker.0.index=0 per_worker.0.busy_ms=- " \
      "per_worker.0.quarantined=false lane_depths.0=1 lane_depths.1=2"
    )
  end
end
