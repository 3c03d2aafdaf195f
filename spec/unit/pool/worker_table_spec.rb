# frozen_string_literal: true

require "kino/pool/worker_table"

RSpec.describe Kino::Pool::WorkerTable do
  subject(:table) { described_class.new(workers: 2, most: 4) }

  def spec(index, **) = Kino::Pool::WorkerSpec.new(index:, name: "worker-#{index}", threads: 1, **)

  def row(index, quarantined: false) = { index:, quarantined: }

  let(:spent) { Kino::Pool::Backoff::ATTEMPTS }

  it "adds the lowest free index until it is full" do
    expect([table.add { true }, table.add { |index| index != 3 }, table.add { true }]).to eq([2, 4, nil])
    expect(table.indexes).to eq([0, 1, 2, 4])
  end

  it "removes the highest index with what is scheduled for it, and says how many threads run" do
    table.started(1, spec(1).with(threads: 3))
    table.schedule(spec(1), 0.0)
    expect(table.remove).to eq([1, 3])
    expect([table.next_due, table.removed?(1), table.running?(1), table.running?(0)]).to eq([nil, true, true, false])
  end

  it "takes each spec that is due once, even equal ones" do
    2.times { table.schedule(spec(0), 1.0) }
    table.schedule(spec(1), 2.0)
    expect([table.next_due, table.take_due(0.5)]).to eq([1.0, nil])
    expect(Array.new(3) { table.take_due(1.5) }).to eq([spec(0), spec(0), nil])
    table.clear_schedule
    expect(table.take_due(3.0)).to be_nil
  end

  it "counts an exited thread off, unless its Ractor has replaced it" do
    table.started(1, spec(0).with(threads: 2))
    expect(table.exited(1, is_whole: false, is_replaced: true).threads).to eq(1)
    expect(table.exited(1, is_whole: false, is_replaced: false).threads).to eq(1)
    expect(table.exited(1, is_whole: true, is_replaced: false).threads).to eq(1)
    expect(table.exited(1, is_whole: true, is_replaced: false)).to be_nil
    expect(table.exited(1, is_whole: false, is_replaced: false)).to be_nil
  end

  it "gives a worker up with the last of its threads" do
    other = spec(1)
    table.schedule(other, 1.0)
    table.give_up(spec(1))
    expect(table.indexes).to eq([0, 1])
    table.give_up(other)
    expect(table.indexes).to eq([0])
  end

  it "is up when all that run or are scheduled have come up, except for removed workers" do
    table.started(1, spec(0))
    table.started(2, spec(5))
    expect([table.up?([row(5)]), table.up?([row(0)])]).to eq([false, true])
    table.schedule(spec(1), 1.0)
    expect(table.up?([row(0)])).to be(false)
  end

  describe "#can_recover?" do
    it "is true if a worker serves" do
      expect(table.can_recover?([row(1)])).to be(true)
    end

    it "is false if all workers are quarantined or removed" do
      table.started(1, spec(0))
      expect(table.can_recover?([row(0, quarantined: true), row(5)])).to be(false)
    end

    it "is true if a worker boots or is scheduled and has attempts left" do
      expect(table.can_recover?([])).to be(false)
      table.schedule(spec(0, failures: spent), 1.0)
      table.started(1, spec(0, failures: spent))
      expect(table.can_recover?([])).to be(false)
      table.started(2, spec(1, failures: spent - 1))
      expect(table.can_recover?([])).to be(true)
      table.exited(2, is_whole: true, is_replaced: false)
      table.schedule(spec(1, failures: spent - 1), 1.0)
      expect(table.can_recover?([])).to be(true)
    end
  end
end
