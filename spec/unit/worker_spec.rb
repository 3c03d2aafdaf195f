# frozen_string_literal: true

require "support/fake_native"

RSpec.describe Kino::Worker do
  let(:envs) { [env("/1"), env("/2")] }
  let(:native) { FakeNative.new(*envs) }
  let(:failure) { Kino::Failure::ANSWER }

  before { allow(Kino::Native::Worker).to receive(:new).with(7, 1, 0, false).and_return(native) }

  def env(path)
    { "REQUEST_METHOD" => "GET", "PATH_INFO" => path, "QUERY_STRING" => "", "SERVER_PROTOCOL" => "HTTP/1.1",
      "rack.response_finished" => [] }
  end

  let(:reasons) { [] }

  # @return [Symbol, Exception] the stage at which it left, or the error that it died of
  def outcome(hooks: Kino::Hooks::NONE, &)
    described_class.run(server_id: 7, app: Proc.new(&), index: 1, hooks:) { |reason| reasons << reason }
    reasons.last.error || reasons.last.stage
  end

  def expect_logged(line, &)
    expect(&).to output(line).to_stderr
  end

  it "answers requests until the server is closed, each in one native call" do
    expect(outcome { |request| [200, { "x" => "1" }, [request["PATH_INFO"]]] }).to eq(:leaving)
    expect(native.notes).to eq(
      [[:reply, 200, { "x" => "1" }, ["/1"]], [:reply, 200, { "x" => "1" }, ["/2"]], [:release]]
    )
  end

  it "streams other bodies" do
    outcome { |request| [200, {}, [request["PATH_INFO"]].each] }
    expect(native.notes).to eq(
      [[:stream, 200, {}], [:write, "/1"], [:finish], [:stream, 200, {}], [:write, "/2"], [:finish], [:release]]
    )
  end

  it "answers and takes separately if there is a rack.response_finished" do
    told = []
    outcome do |request|
      request["rack.response_finished"] << ->(_, status, *) { told << [request["PATH_INFO"], status, native.answered?] }
      [200, {}, ["body"]]
    end
    expect(told).to eq([["/1", 200, true], ["/2", 200, true]])
  end

  described_class::RESCUED.each do |error|
    it "goes on after a #{error}" do
      expect_logged(%r{\Akino: #{error}: no \(GET /1}) do
        expect(outcome { |request| request["PATH_INFO"] == "/1" ? raise(error, "no") : [200, {}, []] }).to eq(:leaving)
      end
      expect(native.notes).to eq([[:answer, *failure], [:reply, 200, {}, []], [:release]])
    end
  end

  it "answers 500 if the response cannot be sent" do
    native.failure = Kino::InvalidResponseError.new("no such status")
    expect_logged(/\Akino: Kino::InvalidResponseError: no such status/) { outcome { [1, {}, []] } }
    expect(native.notes.first).to eq([:answer, *failure])
  end

  it "streams a body whose length differs from its content-length" do
    native.failure = Kino::LengthMismatchError.new("no")
    outcome { [200, { "content-length" => "9" }, %w[a b]] }
    expect(native.notes.first(4)).to eq(
      [[:stream, 200, { "content-length" => "9" }], [:write, "a"], [:write, "b"], [:finish]]
    )
  end

  it "does not log that a client has left" do
    expect { outcome { raise Kino::DisconnectedError, "gone" } }.not_to output.to_stderr
    expect(native.notes).to eq([[:answer, *failure], [:answer, *failure], [:release]])
  end

  it "dies of any other exception, reports it, and releases the request" do
    [SystemExit.new(3), NoMemoryError.new].each do |error|
      expect(outcome { raise error }).to be(error)
    end
    expect(native.notes).to eq([[:release]] * 2)
  end

  it "releases the request when its thread is killed" do
    expect(Thread.new { outcome { Thread.current.kill } }.value).to be_nil
    reason = have_attributes(stage: :serving, full_message: "Kino::WorkerError: its thread was killed")
    expect(reasons).to match([reason])
    expect(native.notes).to eq([[:release]])
  end

  it "runs rack.response_finished for its current request when it dies" do
    told = []
    finished = ->(env, status, headers, error) { told << [env["PATH_INFO"], status, headers, error.class] }
    outcome { |env| (env["rack.response_finished"] << finished) && exit }
    Thread.new { outcome { |env| (env["rack.response_finished"] << finished) && Thread.current.kill } }.join
    expect(told).to eq([["/1", nil, nil, SystemExit], ["/2", nil, nil, Kino::WorkerError]])
  end

  it "runs every rack.response_finished even if several of them call exit" do
    told = []
    outcome do |env|
      env["rack.response_finished"] << ->(*) { told << 1 } << ->(*) { exit } << ->(*) { exit } << ->(*) { told << 2 }
      exit
    end
    expect(told).to eq([2, 1])
  end

  it "runs rack.response_finished once for a request that was answered before it died" do
    told = []
    late = SystemExit.new
    allow(Kino::Native::Worker).to receive(:new).and_return(FakeNative.new(env("/1"), late))
    outcome { |env| (env["rack.response_finished"] << ->(*) { told << 1 }) && [200, {}, []] }
    expect(told).to eq([1])
  end

  it "reports why it could not boot" do
    allow(Kino::Native::Worker).to receive(:new).and_raise(Kino::Error, "server 7 does not run in this process")
    expect(outcome { [200, {}, []] }).to be_a(Kino::Error)
    expect(reasons.last.stage).to eq(:boot)
  end

  it "does not blame the app for an error that is raised while it waits for a request" do
    late = ArgumentError.new("not the app's")
    allow(Kino::Native::Worker).to receive(:new).and_return(FakeNative.new(env("/1"), late))
    expect { expect(outcome { [200, {}, ["plain"]] }).to be(late) }.not_to output.to_stderr
    expect(reasons.last.stage).to eq(:serving)
  end

  it "is leaving if it was told to, whatever it died of" do
    allow(native).to receive(:leaving?).and_return(true)
    expect(outcome { raise NoMemoryError }).to be_a(NoMemoryError)
    expect(reasons.last.stage).to eq(:leaving)
  end

  it "reports that it was quarantined" do
    allow(native).to receive(:quarantined?).and_return(true)
    outcome { [200, {}, []] }
    expect(reasons).to match([have_attributes(stage: :quarantined, error: nil)])
  end

  describe "hooks" do
    let(:told) { [] }

    def hooks(**) = Kino::Hooks::NONE.with(**)

    it "run after the answer of each request, and on_error before it" do
      on_error = ->(error, env) { told << [error.message, env["PATH_INFO"], native.answered?] }
      after_request = ->(env, status) { told << [env["PATH_INFO"], status, native.answered?] }
      expect_logged(/no/) do
        outcome(hooks: hooks(on_error:, after_request:)) do |request|
          request["PATH_INFO"] == "/1" ? raise("no") : [201, {}, []]
        end
      end
      expect(told).to eq([["no", "/1", false], ["/1", 500, true], ["/2", 201, true]])
    end

    it "run in each worker before its first request" do
      outcome(hooks: hooks(after_worker_boot: ->(index) { told << index })) { told << :request and [200, {}, []] }
      expect(told.first).to eq(1)
    end

    it "that raise are logged and do no harm" do
      failing = ->(*) { raise "broken" }
      expect_logged(/\Akino: the hook after_worker_boot raised RuntimeError: broken$/) do
        outcome(hooks: hooks(after_worker_boot: failing, after_request: failing)) { [200, {}, []] }
      end
      expect(reasons.last.error).to be_nil
    end

    it "that call exit at boot leave no native worker behind" do
      outcome(hooks: hooks(after_worker_boot: ->(_) { exit })) { [200, {}, []] }
      expect(reasons).to match([have_attributes(stage: :boot, error: SystemExit)])
      expect(Kino::Native::Worker).not_to have_received(:new)
    end
  end
end
