# frozen_string_literal: true

require "kino"

RSpec.describe Kino::Pool::Threads do
  let(:orders) { Thread::Queue.new }
  let(:started) { Thread::Queue.new }

  before do
    allow(Kino::Worker).to receive(:outcome) do
      started << Thread.current
      orders.pop
    end
  end

  def pool(workers: 1, threads: 1)
    described_class.new(server_id: 7, app: :app, workers:, threads:)
  end

  it "runs workers times threads, and waits for them" do
    subject = pool(workers: 2, threads: 3)
    expect(subject.start).to be(subject)
    expect(Array.new(6) { started.pop.name }).to match_array((1..6).map { |number| "kino-worker-#{number}" })
    6.times { orders << :closed }
    expect(subject.join(60)).to be(true)
  end

  it "kills those that do not leave" do
    subject = pool(workers: 2).start
    threads = [started.pop, started.pop]
    expect(subject.join(0)).to be(false)
    threads.each(&:join)
    expect(threads).to all(have_attributes(status: false))
  end
end
