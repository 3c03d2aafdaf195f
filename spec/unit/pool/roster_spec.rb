# frozen_string_literal: true

require "kino/pool/roster"

RSpec.describe Kino::Pool::Roster do
  subject(:roster) { described_class.new(workers: 2, most: 4) }

  def unit(index, **) = Kino::Pool::Unit.new(index:, name: "worker-#{index}", threads: 1, **)

  def row(index, quarantined: false) = { index:, quarantined: }

  let(:spent) { Kino::Pool::Backoff::ATTEMPTS }

  it "gives the lowest index that is free, up to as many as there may be" do
    expect([roster.add { true }, roster.add { |index| index != 3 }, roster.add { true }]).to eq([2, 4, nil])
    expect(roster.indexes).to eq([0, 1, 2, 4])
  end

  it "takes the highest out, with what waits of it, and says what runs of it" do
    roster.enter(1, unit(1).with(threads: 3))
    roster.put_off(unit(1), 0.0)
    expect(roster.remove).to eq([1, 3])
    expect([roster.next_due, roster.gone?(1), roster.running?(1), roster.running?(0)]).to eq([nil, true, true, false])
  end

  it "gives what is due once, and equal ones one by one" do
    2.times { roster.put_off(unit(0), 1.0) }
    roster.put_off(unit(1), 2.0)
    expect([roster.next_due, roster.due(0.5)]).to eq([1.0, nil])
    expect(Array.new(3) { roster.due(1.5) }).to eq([unit(0), unit(0), nil])
    roster.put_off_none
    expect(roster.due(3.0)).to be_nil
  end

  it "counts a thread off that has ended, unless it is replaced where it was" do
    roster.enter(1, unit(0).with(threads: 2))
    expect(roster.strike(1, is_whole: false, is_replaced: true).threads).to eq(1)
    expect(roster.strike(1, is_whole: false, is_replaced: false).threads).to eq(1)
    expect(roster.strike(1, is_whole: true, is_replaced: false).threads).to eq(1)
    expect(roster.strike(1, is_whole: true, is_replaced: false)).to be_nil
    expect(roster.strike(1, is_whole: false, is_replaced: false)).to be_nil
  end

  it "drops a worker with the last of its threads" do
    other = unit(1)
    roster.put_off(other, 1.0)
    roster.drop(unit(1))
    expect(roster.indexes).to eq([0, 1])
    roster.drop(other)
    expect(roster.indexes).to eq([0])
  end

  it "is up when all have come up that run or wait, but for those that are gone" do
    roster.enter(1, unit(0))
    roster.enter(2, unit(5))
    expect([roster.up?([row(5)]), roster.up?([row(0)])]).to eq([false, true])
    roster.put_off(unit(1), 1.0)
    expect(roster.up?([row(0)])).to be(false)
  end

  describe "#hope?" do
    it "is that somebody serves" do
      expect(roster.hope?([row(1)])).to be(true)
    end

    it "is none in those that hang, or are gone" do
      roster.enter(1, unit(0))
      expect(roster.hope?([row(0, quarantined: true), row(5)])).to be(false)
    end

    it "is in those that begin, or wait, and have attempts left" do
      expect(roster.hope?([])).to be(false)
      roster.put_off(unit(0, failures: spent), 1.0)
      roster.enter(1, unit(0, failures: spent))
      expect(roster.hope?([])).to be(false)
      roster.enter(2, unit(1, failures: spent - 1))
      expect(roster.hope?([])).to be(true)
      roster.strike(2, is_whole: true, is_replaced: false)
      roster.put_off(unit(1, failures: spent - 1), 1.0)
      expect(roster.hope?([])).to be(true)
    end
  end
end
