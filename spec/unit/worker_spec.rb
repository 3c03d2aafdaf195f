# frozen_string_literal: true

require "support/fake_native"

RSpec.describe Kino::Worker do
  let(:envs) { [env("/1"), env("/2")] }
  let(:native) { FakeNative.new(*envs) }
  let(:failure) { Kino::Responder::FAILURE }

  before { allow(Kino::Native::Worker).to receive(:new).with(7, 1).and_return(native) }

  def env(path)
    { "REQUEST_METHOD" => "GET", "PATH_INFO" => path, "QUERY_STRING" => "", "SERVER_PROTOCOL" => "HTTP/1.1",
      "rack.response_finished" => [] }
  end

  def outcome(&) = described_class.outcome(server_id: 7, app: Proc.new(&), index: 1)

  def expect_logged(line, &)
    expect(&).to output(line).to_stderr
  end

  it "answers requests until the server is closed, each in one crossing" do
    expect(outcome { |request| [200, { "x" => "1" }, [request["PATH_INFO"]]] }).to eq(:closed)
    expect(native.notes).to eq(
      [[:reply, 200, { "x" => "1" }, ["/1"]], [:reply, 200, { "x" => "1" }, ["/2"]], [:release]]
    )
  end

  it "takes the long way for other bodies" do
    outcome { |request| [200, {}, [request["PATH_INFO"]].each] }
    expect(native.notes).to eq(
      [[:stream, 200, {}], [:write, "/1"], [:finish], [:stream, 200, {}], [:write, "/2"], [:finish], [:release]]
    )
  end

  it "takes the long way for those who want to know when it is finished" do
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
        expect(outcome { |request| request["PATH_INFO"] == "/1" ? raise(error, "no") : [200, {}, []] }).to eq(:closed)
      end
      expect(native.notes).to eq([[:answer, *failure], [:reply, 200, {}, []], [:release]])
    end
  end

  it "answers 500 for what cannot be sent, and tells those who wait for the end" do
    native.failure = Kino::InvalidResponseError.new("no such status")
    expect_logged(/\Akino: Kino::InvalidResponseError: no such status/) { outcome { [1, {}, []] } }
    expect(native.notes.first).to eq([:answer, *failure])
  end

  it "sends a body as a stream whose length is not as announced" do
    native.failure = Kino::LengthMismatchError.new("no")
    outcome { [200, { "content-length" => "9" }, %w[a b]] }
    expect(native.notes.first(4)).to eq(
      [[:stream, 200, { "content-length" => "9" }], [:write, "a"], [:write, "b"], [:finish]]
    )
  end

  it "says nothing of a client that has left" do
    expect { outcome { raise Kino::DisconnectedError, "gone" } }.not_to output.to_stderr
    expect(native.notes).to eq([[:answer, *failure], [:answer, *failure], [:release]])
  end

  it "ends with anything else, which it returns, and lets go of the request" do
    [SystemExit.new(3), NoMemoryError.new].each do |error|
      expect(outcome { raise error }).to be(error)
    end
    expect(native.notes).to eq([[:release]] * 2)
  end

  it "lets go of the request when its thread is killed" do
    expect(Thread.new { outcome { Thread.current.kill } }.value).to be_nil
    expect(native.notes).to eq([[:release]])
  end

  it "returns what kept it from beginning" do
    allow(Kino::Native::Worker).to receive(:new).and_raise(Kino::Error, "server 7 does not run in this process")
    expect(outcome { [200, {}, []] }).to be_a(Kino::Error)
  end
end
