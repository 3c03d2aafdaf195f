# frozen_string_literal: true

require "kino"
require "kino/pool/retiring"

RSpec.describe Kino::Pool::Retiring do
  subject(:retiring) { described_class.new(7) }

  # How many threads the front-end finds to tell, one time after the other.
  def told(*counts) = allow(Kino::Native).to receive(:retire).with(7, 1).and_return(*counts)

  def rows(*rows) = allow(Kino::Native).to receive(:stats).with(7).and_return({ per_worker: rows })

  before { rows }

  it "is over with a worker all of whose threads have been told" do
    told(2)
    retiring.add(1, 2)
    expect([retiring.any?, retiring.include?(1)]).to eq([false, false])
  end

  it "tells those again that had not begun" do
    told(1, 0, 1)
    retiring.add(1, 2)
    expect([retiring.any?, retiring.include?(1), retiring.include?(0)]).to eq([true, true, false])
    retiring.tell
    expect(retiring).to be_any
    retiring.tell
    expect(retiring).not_to be_any
    retiring.tell
    expect(Kino::Native).to have_received(:retire).exactly(3).times
  end

  it "does not wait for those that are set aside, which know" do
    rows({ index: 1, quarantined: true }, { index: 1, quarantined: false }, { index: 0, quarantined: true })
    told(1)
    retiring.add(1, 2)
    expect(retiring).not_to be_any
  end

  it "tells a worker, too, of which it could not learn how many are set aside" do
    told(1)
    allow(Kino::Native).to receive(:stats).and_raise(NoMemoryError)
    expect { retiring.add(1, 1) }.to raise_error(NoMemoryError)
    expect(retiring).to be_any
    retiring.tell
    expect(retiring).not_to be_any
  end

  it "forgets a worker of which nothing runs any more" do
    told(0)
    retiring.add(1, 1)
    retiring.forget(1)
    expect(retiring).not_to be_any
  end
end
