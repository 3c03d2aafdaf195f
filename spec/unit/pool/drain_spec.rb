# frozen_string_literal: true

require "kino"
require "kino/pool/drain"

RSpec.describe Kino::Pool::Drain do
  subject(:drain) { described_class.new(7) }

  # How many threads the front-end can tell, one call after the other.
  def told(*counts) = allow(Kino::Native).to receive(:retire).with(7, 1).and_return(*counts)

  def rows(*rows) = allow(Kino::Native).to receive(:stats).with(7).and_return({ per_worker: rows })

  before { rows }

  it "is done with a worker once all its threads have been told" do
    told(2)
    drain.add(1, 2)
    expect([drain.pending?, drain.include?(1)]).to eq([false, false])
  end

  it "tells threads again that had not booted yet" do
    told(1, 0, 1)
    drain.add(1, 2)
    expect([drain.pending?, drain.include?(1), drain.include?(0)]).to eq([true, true, false])
    drain.tell
    expect(drain).to be_pending
    drain.tell
    expect(drain).not_to be_pending
    drain.tell
    expect(Kino::Native).to have_received(:retire).exactly(3).times
  end

  it "does not wait for quarantined threads, which know already" do
    rows({ index: 1, quarantined: true }, { index: 1, quarantined: false }, { index: 0, quarantined: true })
    told(1)
    drain.add(1, 2)
    expect(drain).not_to be_pending
  end

  it "tells a worker even if it could not learn how many threads are quarantined" do
    told(1)
    allow(Kino::Native).to receive(:stats).and_raise(NoMemoryError)
    expect { drain.add(1, 1) }.to raise_error(NoMemoryError)
    expect(drain).to be_pending
    drain.tell
    expect(drain).not_to be_pending
  end

  it "forgets a worker of which nothing runs any more" do
    told(0)
    drain.add(1, 1)
    drain.forget(1)
    expect(drain).not_to be_pending
  end
end
