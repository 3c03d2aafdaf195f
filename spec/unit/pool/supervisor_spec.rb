# frozen_string_literal: true

require "kino"

RSpec.describe Kino::Pool::Supervisor do
  # Starts nothing, but notes what it would; its workers end as they are told.
  let(:launcher) do
    Class.new do
      attr_reader :started, :failures

      def initialize
        @started = Thread::Queue.new
        @ended = Thread::Queue.new
        @failures = []
      end

      def parts(index) = [["worker-#{index}", 1]]

      def start(number, unit)
        error = failures.shift
        raise error if error

        started << [number, unit]
      end

      def next_end(seconds) = @ended.pop(timeout: seconds).then { |ended| ended unless ended == :wake }

      def note(number, ending) = @ended << [number, ending, true]

      def wake = @ended << :wake

      def kill = nil
    end.new
  end
  let(:given_up) { Thread::Queue.new }
  let(:exits) { Thread::Queue.new }
  let(:quarantine) { Kino::Pool::Quarantine.new(server_id: 7, seconds: nil, most: 1) }

  before do
    allow(Kino::Native).to receive(:count_respawn)
    allow(Kino::Native).to receive_messages(retire: 1, stats: { per_worker: [] })
    allow(Kino::ErrorLog).to receive(:line)
  end

  def supervisor(workers: 1)
    on_exit = ->(*all) { exits << all }
    described_class.new(server_id: 7, launcher:, workers:, quarantine:, on_exit:) { |error| given_up << error }
  end

  def finish(number, stage = :leaving, error = nil) = launcher.note(number, Kino::Pool::Ending.of(stage, error))

  it "starts as many as it is told, and waits for them" do
    subject = supervisor(workers: 2).start
    2.times { finish(launcher.started.pop.first) }
    expect(subject.join(60)).to be(true)
    expect(Array.new(2) { exits.pop }).to contain_exactly([0, nil], [1, nil])
  end

  it "replaces one that dies at once, says so, and counts it" do
    subject = supervisor.start
    error = RuntimeError.new("why")
    finish(launcher.started.pop.first, :serving, error)
    number, unit = launcher.started.pop
    expect(unit).to have_attributes(index: 0, name: "worker-0", failures: 0)
    expect(exits.pop).to eq([0, error])
    finish(number)
    expect(subject.join(60)).to be(true)
    expect(Kino::Native).to have_received(:count_respawn).with(7).once
    expect(Kino::ErrorLog).to have_received(:line).with("worker-0 died and is replaced: RuntimeError: why")
  end

  it "gives up on one that dies at boot again and again, whatever Ruby failed with" do
    stub_const("Kino::Pool::Backoff::FIRST", 0.0001)
    launcher.failures.concat(Array.new(4) { ThreadError.new("no thread left") })
    subject = supervisor.start
    4.times { finish(launcher.started.pop.first, :boot, NoMemoryError.new("none")) }
    expect(given_up.pop).to be_a(Kino::WorkerBootError).and have_attributes(
      message: "the server has stopped: worker-0 died at boot 8 times in a row: NoMemoryError: none"
    )
    expect(subject.join(60)).to be(true)
    expect(Kino::Native).to have_received(:count_respawn).exactly(7).times
  end

  it "does not let one that waits for its turn keep others from theirs, nor the end" do
    stub_const("Kino::Pool::Backoff::FIRST", 3600.0)
    stub_const("Kino::Pool::Backoff::LONGEST", 3600.0)
    subject = supervisor(workers: 2).start
    first, second = Array.new(2) { launcher.started.pop.first }
    finish(first, :boot, RuntimeError.new("no"))
    finish(second, :serving, RuntimeError.new("no"))
    finish(launcher.started.pop.first)
    expect(subject.join(60)).to be(true)
  end

  it "survives a hook that raises, whatever it raises" do
    subject = described_class.new(server_id: 7, launcher:, workers: 1, quarantine:, on_exit: ->(*) { exit })
    subject.start
    finish(launcher.started.pop.first, :serving, RuntimeError.new("no"))
    finish(launcher.started.pop.first)
    expect(subject.join(60)).to be(true)
  end

  it "adds the lowest that is missing, and removes the highest but one" do
    subject = supervisor(workers: 2).start
    numbers = Array.new(2) { launcher.started.pop.first }
    expect([subject.add, subject.remove, subject.remove, subject.remove, subject.workers]).to eq([2, 2, 1, nil, 1])
    [2, 1].each { |index| expect(Kino::Native).to have_received(:retire).with(7, index) }
    [*numbers, launcher.started.pop.first].each { |number| finish(number) }
    expect(subject.join(60)).to be(true)
    expect([subject.add, subject.remove]).to eq([nil, nil])
  end

  it "tells one to leave again that had not begun" do
    allow(Kino::Native).to receive(:retire).and_return(0, 0, 1)
    subject = supervisor(workers: 2).start
    subject.remove
    expect(subject.add).to eq(2)
    3.times { finish(launcher.started.pop.first) }
    expect(subject.join(60)).to be(true)
  end

  it "starts another for one that is set aside, and none when that leaves" do
    allow(quarantine).to receive(:look).and_invoke(->(&block) { block.call(0) }, -> {})
    subject = supervisor.start
    launcher.wake
    first, = launcher.started.pop
    second, unit = launcher.started.pop
    expect(unit).to have_attributes(index: 0, name: "kino-worker-1", threads: 1)
    finish(first, :set_aside)
    finish(second)
    expect(subject.join(60)).to be(true)
    expect(Kino::ErrorLog).to have_received(:line).with("worker-0 was set aside and has left").once
    expect(Kino::Native).not_to have_received(:count_respawn)
  end

  it "gives up those that do not leave" do
    expect(supervisor(workers: 2).start.join(0)).to be(false)
  end
end
