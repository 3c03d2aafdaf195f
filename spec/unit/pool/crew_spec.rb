# frozen_string_literal: true

require "kino"

RSpec.describe Kino::Pool::Crew do
  let(:crew) { described_class.new(server_id: 7, app: :app, size: 2, name: "crew", indexes: [3, 4]) }
  let(:started) { Thread::Queue.new }
  let(:orders) { Thread::Queue.new }
  let(:indexes) { Thread::Queue.new }

  # A worker does what it is ordered to.
  before do
    allow(Kino::Native).to receive(:count_respawn)
    allow(Kino::Worker).to receive(:outcome).with(hash_including(server_id: 7, app: :app)) do |index:, **|
      indexes << index
      started << Thread.current.name
      orders.pop.call
    end
  end

  def order(outcome = nil, &work) = orders << (work || -> { outcome })

  def run
    thread = Thread.new { crew.run }
    thread.report_on_exception = false
    thread
  end

  it "runs as many threads as it is told, until all have left" do
    thread = run
    expect([started.pop, started.pop]).to contain_exactly("crew-1", "crew-2")
    expect([indexes.pop, indexes.pop]).to contain_exactly(3, 4)
    2.times { order(:closed) }
    thread.join
    expect(Kino::Native).not_to have_received(:count_respawn)
  end

  it "replaces one that dies, under its name, and counts it" do
    expect do
      thread = run
      names = [started.pop, started.pop]
      order(RuntimeError.new("why"))
      expect(names).to include(started.pop)
      # The one that replaces it has its share.
      expect(Array.new(3) { indexes.pop }.tally.values).to contain_exactly(1, 2)
      2.times { order(:closed) }
      thread.join
    end.to output(/\Akino: crew-[12] died and is replaced: RuntimeError: why\n\z/).to_stderr
    expect(Kino::Native).to have_received(:count_respawn).with(7).once
  end

  it "misses one that is killed" do
    expect do
      thread = run
      2.times { started.pop }
      order { Thread.current.kill }
      started.pop
      2.times { order(:closed) }
      thread.join
    end.to output(/died and is replaced: Kino::Pool::WorkerExit: its thread was killed$/).to_stderr
  end

  it "kills all" do
    thread = run
    2.times { started.pop }
    thread.kill.join
    gone = Thread::Queue.new
    order { gone.pop }
    crew.kill
    expect { eventually_none(/\Acrew-/) }.not_to raise_error
  end

  def eventually_none(name)
    Thread.list.select { |thread| thread.name&.match?(name) }.each(&:join)
  end
end
