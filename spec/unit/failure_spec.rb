# frozen_string_literal: true

require "support/fake_native"

RSpec.describe Kino::Failure do
  let(:native) { FakeNative.new }
  let(:env) { { "REQUEST_METHOD" => "GET", "PATH_INFO" => "/a", "SERVER_PROTOCOL" => "HTTP/1.1" } }
  let(:told) { [] }
  let(:on_error) { ->(error, env) { told << [error, env, native.answered?] } }

  def answer(error) = described_class.new(native, on_error:).answer(env, error)

  it "writes the log, then calls the hook, then answers the client" do
    error = RuntimeError.new("why")
    expect { expect(answer(error)).to be(true) }.to output("kino: RuntimeError: why (GET /a HTTP/1.1)\n").to_stderr
    expect(told).to eq([[error, env, false]])
    expect(native.notes).to eq([[:answer, *described_class::ANSWER]])
  end

  it "does not answer twice" do
    native.answer(200, {}, [])
    expect { expect(answer(RuntimeError.new("why"))).to be(false) }.to output(/why/).to_stderr
    expect(told.size).to eq(1)
    expect(native.notes.size).to eq(1)
  end

  [Kino::DisconnectedError, Kino::BodyTooLargeError, Kino::BadBodyError, Kino::BodyTimeoutError].each do |error|
    it "only answers the client after a #{error}, which is the client's fault" do
      expect { expect(answer(error.new("gone"))).to be(true) }.not_to output.to_stderr
      expect(told).to eq([])
    end
  end

  it "answers even if the hook raises" do
    failure = described_class.new(native, on_error: ->(*) { raise "broken" })
    expect { expect(failure.answer(env, RuntimeError.new("why"))).to be(true) }
      .to output(/the hook on_error raised RuntimeError: broken/).to_stderr
  end

  it "has one answer that all Ractors can share" do
    expect(Ractor).to be_shareable(described_class::ANSWER)
  end
end
