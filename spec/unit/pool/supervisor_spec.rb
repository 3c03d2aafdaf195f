# frozen_string_literal: true

require "kino"

RSpec.describe Kino::Pool::Supervisor do
  # Only records what it is asked to start; the examples report the exits.
  let(:launcher) do
    Class.new do
      attr_reader :started, :failures, :errors
      attr_accessor :threads

      def initialize
        @threads = 1
        @errors = Thread::Queue.new
        @started = Thread::Queue.new
        @ended = Thread::Queue.new
        @failures = []
      end

      def server_id = 7

      def name(index) = "worker-#{index}"

      def specs(index) = [Kino::Pool::WorkerSpec.new(index:, name: name(index), threads:)]

      def start(number, spec)
        error = failures.shift
        raise error if error

        started << [number, spec]
      end

      def next_exit(seconds)
        raise errors.pop unless errors.empty?

        @ended.pop(timeout: seconds).then { |ended| ended unless ended == :wake }
      end

      def report_thread(number, reason) = @ended << [number, reason, false]

      def report(number, reason) = @ended << [number, reason, true]

      def wake = @ended << :wake

      def kill = nil

      def await_killed(_seconds) = nil
    end.new
  end
  let(:given_up) { Thread::Queue.new }
  let(:exits) { Thread::Queue.new }
  let(:on_exit) { ->(*all) { exits << all } }
  let(:exit_hook) { Kino::Pool::ExitHook.new(on_exit, threads: Kino::Hooks::Threads.new) }
  let(:quarantine) { Kino::Pool::Quarantine.new(server_id: 7, seconds: nil, most: 1) }

  before do
    allow(Kino::Native).to receive(:count_respawn)
    allow(Kino::Native).to receive_messages(retire: 1, stats: { per_worker: [] })
    allow(Kino::ErrorLog).to receive(:line)
  end

  # Makes the front-end's stats list threads of these workers.
  def up(*indexes, hanging: [])
    rows = indexes.map { |index| { index:, quarantined: false } }
    rows += hanging.map { |index| { index:, quarantined: true } }
    allow(Kino::Native).to receive(:stats).and_return({ per_worker: rows })
  end

  # @return [Array(Integer, WorkerSpec)] the attempt after this many have died at boot
  def die_at_boot(times, started = launcher.started.pop)
    times.times do
      finish(started.first, :boot, NoMemoryError.new("none"))
      started = launcher.started.pop
    end
    started
  end

  def supervisor(workers: 1)
    table = Kino::Pool::WorkerTable.new(workers:, most: 3)
    described_class.new(launcher:, table:, quarantine:, exit_hook:) { |error| given_up << error }
  end

  def finish(number, stage = :leaving, error = nil) = launcher.report(number, Kino::Pool::ExitReason.of(stage, error))

  it "is given a launcher that has the methods of real ones" do
    fake = launcher.class
    names = fake.instance_methods(false) - %i[started failures errors threads threads= report_thread]
    real = Kino::Pool::ThreadLauncher
    expect(names.to_h { |name| [name, fake.instance_method(name).arity] })
      .to eq(names.to_h { |name| [name, real.instance_method(name).arity] })
  end

  it "starts the workers, and waits for them to leave" do
    subject = supervisor(workers: 2).start
    2.times { finish(launcher.started.pop.first) }
    expect(subject.join(60)).to be(true)
    expect(Array.new(2) { exits.pop }).to contain_exactly([0, nil], [1, nil])
  end

  it "replaces a worker that dies at once, logs and counts it" do
    subject = supervisor.start
    error = RuntimeError.new("why")
    finish(launcher.started.pop.first, :serving, error)
    number, spec = launcher.started.pop
    expect(spec).to have_attributes(index: 0, name: "worker-0", failures: 0)
    expect(exits.pop).to eq([0, error])
    finish(number)
    expect(subject.join(60)).to be(true)
    expect(Kino::Native).to have_received(:count_respawn).with(7).once
    expect(Kino::ErrorLog).to have_received(:line).with("worker-0 died and is replaced: RuntimeError: why")
  end

  it "stops the server if its worker keeps dying at boot, or cannot be started" do
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

  context "with attempts that are exhausted" do
    before do
      stub_const("Kino::Pool::Backoff::FIRST", 0.0001)
      stub_const("Kino::Pool::Backoff::LONGEST", 0.0001)
    end

    it "gives up a worker that has never served, if others serve" do
      up(0)
      subject = supervisor(workers: 2).start
      first, second = Array.new(2) { launcher.started.pop }
      number, spec = die_at_boot(7, second)
      expect(spec).to have_attributes(index: 1, failures: 7, has_served: false)
      finish(number, :boot, NoMemoryError.new("none"))
      8.times { exits.pop }
      expect(Kino::ErrorLog).to have_received(:line).with(
        "worker-1 died at boot 8 times in a row and is given up (workers now: 1): NoMemoryError: none"
      )
      expect([subject.workers, subject.add, launcher.started.pop.last.failures]).to eq([1, 1, 0])
      expect(given_up).to be_empty
      finish(first.first)
      finish(3 + 7)
      expect(subject.join(60)).to be(true)
    end

    it "goes on retrying a worker that has served, if others serve" do
      up(0)
      subject = supervisor(workers: 2).start
      first, second = Array.new(2) { launcher.started.pop }
      finish(second.first, :serving, RuntimeError.new("why"))
      number, spec = die_at_boot(10)
      expect(spec).to have_attributes(index: 1, failures: 10, has_served: true)
      expect([subject.workers, given_up.size]).to eq([2, 0])
      [number, first.first].each { |one| finish(one) }
      expect(subject.join(60)).to be(true)
    end

    it "stops if no worker has come up, but only when the last attempts are exhausted" do
      subject = supervisor(workers: 2).start
      first, second = Array.new(2) { launcher.started.pop }
      number, spec = die_at_boot(9, second)
      expect(spec).to have_attributes(index: 1, failures: 9)
      expect(given_up).to be_empty
      finish(die_at_boot(7, first).first, :boot, NoMemoryError.new("none"))
      finish(number, :boot, NoMemoryError.new("none"))
      expect(given_up.pop.message).to match(/\Athe server has stopped: worker-[01] died at boot (8|10) times in a row/)
      expect(subject.join(60)).to be(true)
    end

    it "stops if the only worker left hangs" do
      up(hanging: [0])
      allow(quarantine).to receive(:check).and_invoke(->(&block) { block.call(0) }, -> {})
      subject = supervisor.start
      hanging = launcher.started.pop
      launcher.wake
      finish(die_at_boot(7).first, :boot, NoMemoryError.new("none"))
      expect(given_up.pop).to be_a(Kino::WorkerBootError)
      expect(subject).to be_any
      finish(hanging.first, :quarantined)
      expect(subject.join(60)).to be(true)
    end
  end

  describe "an error raised at its thread" do
    before { stub_const("Kino::Pool::Backoff::FIRST", 0.0001) }

    it "is logged, and workers are still replaced" do
      subject = supervisor.start
      number, = launcher.started.pop
      launcher.errors << KeyError.new("what Ruby says") << SystemExit.new
      launcher.wake
      finish(number, :serving, RuntimeError.new("why"))
      finish(launcher.started.pop.first)
      expect(subject.join(60)).to be(true)
      expect(Kino::ErrorLog).to have_received(:line).with(
        /\Athe supervisor of the workers goes on after KeyError: what Ruby says\n    .*supervisor_spec/
      )
      expect(given_up).to be_empty
    end

    it "does not prevent the replacement of a worker whose exit could not be logged" do
      allow(Kino::ErrorLog).to receive(:line).with(/died/).and_raise(NoMemoryError)
      subject = supervisor.start
      finish(launcher.started.pop.first, :serving, RuntimeError.new("why"))
      finish(launcher.started.pop.first)
      expect(subject.join(60)).to be(true)
    end

    it "does not lose a retry when the stats cannot be read" do
      allow(Kino::Native).to receive(:stats).and_raise(NoMemoryError)
      stub_const("Kino::Pool::Backoff::LONGEST", 0.0001)
      subject = supervisor.start
      number, spec = die_at_boot(9)
      expect(spec.failures).to eq(9)
      finish(number)
      expect(subject.join(60)).to be(true)
    end

    it "stops the server if it keeps coming back" do
      subject = supervisor.start
      8.times { launcher.errors << KeyError.new("what Ruby says") }
      launcher.wake
      expect(given_up.pop).to be_a(Kino::WorkerError).and have_attributes(
        message: "the server has stopped: its workers cannot be supervised: KeyError"
      )
      finish(launcher.started.pop.first)
      expect(subject.join(60)).to be(true)
    end
  end

  it "is up when all threads of all workers are" do
    subject = supervisor(workers: 2)
    expect(subject).not_to be_up([])
    subject.start
    rows = [0, 1, 2].map { |index| { index: } }
    expect([rows.first(1), rows.first(2), [rows[0], rows[2]]].map { |some| subject.up?(some) }).to eq(
      [false, true, false]
    )
    2.times { finish(launcher.started.pop.first) }
    expect(subject.join(60)).to be(true)
  end

  it "notifies the hook once for each thread of a worker" do
    launcher.threads = 2
    subject = supervisor.start
    number, = launcher.started.pop
    died = RuntimeError.new("why")
    launcher.report_thread(number, Kino::Pool::ExitReason.of(:serving, died)) # its Ractor has replaced it
    launcher.report_thread(number, Kino::Pool::ExitReason.of(:quarantined))
    launcher.report_thread(number, Kino::Pool::ExitReason.of(:leaving))
    finish(number)
    expect(subject.join(60)).to be(true)
    expect(Array.new(exits.size) { exits.pop }).to eq([[0, died], [0, nil], [0, nil]])
  end

  it "notifies the hook for each thread of a worker that dies as a whole, and starts as many" do
    launcher.threads = 2
    subject = supervisor.start
    finish(launcher.started.pop.first, :serving, RuntimeError.new("why"))
    number, spec = launcher.started.pop
    expect(spec.threads).to eq(2)
    finish(number)
    expect(subject.join(60)).to be(true)
    expect(exits.size).to eq(4)
  end

  it "adds no more workers than allowed, and logs that" do
    subject = supervisor(workers: 2).start
    expect([subject.add, subject.add, subject.workers]).to eq([2, nil, 3])
    expect(Kino::ErrorLog).to have_received(:line).with("no worker is added: there are 3, and there may be no more")
    3.times { finish(launcher.started.pop.first) }
    expect(subject.join(60)).to be(true)
  end

  it "is not held up by a worker that waits to be retried, not even at its end" do
    stub_const("Kino::Pool::Backoff::FIRST", 3600.0)
    stub_const("Kino::Pool::Backoff::LONGEST", 3600.0)
    subject = supervisor(workers: 2).start
    first, second = Array.new(2) { launcher.started.pop.first }
    finish(first, :boot, RuntimeError.new("no"))
    finish(second, :serving, RuntimeError.new("no"))
    finish(launcher.started.pop.first)
    expect(subject.join(60)).to be(true)
  end

  it "replaces workers while the hook runs, and waits for the hook at its end" do
    entered = Thread::Queue.new
    leave = Thread::Queue.new
    slow = Kino::Pool::ExitHook.new(->(index, _) { entered << index and leave.pop }, threads: Kino::Hooks::Threads.new)
    subject = described_class.new(launcher:, table: Kino::Pool::WorkerTable.new(workers: 1, most: 1),
                                  quarantine:, exit_hook: slow).start
    2.times { finish(launcher.started.pop.first, :serving, RuntimeError.new("no")) }
    finish(launcher.started.pop.first)
    expect(entered.pop).to eq(0)
    joining = Thread.new { subject.join(60) }
    3.times { leave << :now }
    expect(joining.value).to be(true)
    expect(entered.size).to eq(2)
  end

  it "adds the lowest free index, and removes the highest, but never the last worker" do
    subject = supervisor(workers: 2).start
    numbers = Array.new(2) { launcher.started.pop.first }
    expect([subject.add, subject.remove, subject.remove, subject.remove, subject.workers]).to eq([2, 2, 1, nil, 1])
    [2, 1].each { |index| expect(Kino::Native).to have_received(:retire).with(7, index) }
    [*numbers, launcher.started.pop.first].each { |number| finish(number) }
    expect(subject.join(60)).to be(true)
    expect([subject.add, subject.remove]).to eq([nil, nil])
  end

  it "tells a removed worker again that had not booted yet" do
    allow(Kino::Native).to receive(:retire).and_return(0, 0, 1)
    subject = supervisor(workers: 2).start
    subject.remove
    expect(subject.add).to eq(2)
    3.times { finish(launcher.started.pop.first) }
    expect(subject.join(60)).to be(true)
  end

  it "replaces a quarantined worker once, and not again when it leaves" do
    allow(quarantine).to receive(:check).and_invoke(->(&block) { block.call(0) }, -> {})
    subject = supervisor.start
    launcher.wake
    first, = launcher.started.pop
    second, spec = launcher.started.pop
    expect(spec).to have_attributes(index: 0, name: "worker-0", threads: 1)
    finish(first, :quarantined)
    finish(second)
    expect(subject.join(60)).to be(true)
    expect(Kino::ErrorLog).to have_received(:line).with("worker-0 was quarantined and has left").once
    expect(Kino::Native).not_to have_received(:count_respawn)
  end

  it "gives up workers that do not leave" do
    expect(supervisor(workers: 2).start.join(0)).to be(false)
  end
end
