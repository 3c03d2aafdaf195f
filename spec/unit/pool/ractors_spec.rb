# frozen_string_literal: true

require "kino"

RSpec.describe Kino::Pool::Ractors do
  # The Ractors find no server of this id and end at once; how they did is said here. Real ones have
  # spec/integration.
  def pool(workers: 1)
    described_class.new(server_id: 0, app: nil, workers:, threads: 1)
  end

  let(:ends) { Thread::Queue.new }

  before do
    allow(Kino::Native).to receive(:count_respawn)
    allow(Kino::Native).to receive(:await_end) { ends.pop }
  end

  it "waits for as many as it was told to start" do
    subject = pool(workers: 3)
    expect(subject.start).to be(subject)
    3.times { |index| ends << [index, nil] }
    expect(subject.join(60)).to be(true)
  end

  it "replaces one that dies, whatever of" do
    expect do
      subject = pool.start
      ends << [0, "SystemExit: exit"] << [0, "Apps::Odd: one"] << [0, nil]
      expect(subject.join(60)).to be(true)
    end.to output(
      "kino: kino-worker-1 died and is replaced: SystemExit: exit\n" \
      "kino: kino-worker-1 died and is replaced: Apps::Odd: one\n"
    ).to_stderr
    expect(Kino::Native).to have_received(:count_respawn).with(0).twice
  end

  it "gives up those that do not leave" do
    expect(pool(workers: 2).start.join(0)).to be(false)
  end
end
