# frozen_string_literal: true

require "support/fake_native"

RSpec.describe Kino::EventStream do
  let(:request) { FakeNative::Request.new }
  let(:stream) do
    Class.new do
      attr_reader :written

      def initialize = @written = []

      def write(text) = written << text

      def close = written << :closed
    end.new
  end

  def run(**settings, &)
    described_class.new(request, **settings, &).call(stream)
    stream.written
  end

  it "writes what its block pushes in the format of server-sent events" do
    written = run do |events|
      events.push("a\nb\r\nc\rd", event: :kind, id: 1, retry_ms: 2)
      events << "" << 7
    end
    expect(written).to eq(["event: kind\nid: 1\nretry: 2\ndata: a\ndata: b\ndata: c\ndata: d\n\n", "data: \n\n",
                           "data: 7\n\n", :closed])
  end

  it "refuses a line break that would begin another field" do
    events = described_class.new(request) { nil }
    expect { events.push("x", id: "1\ndata: 2") }
      .to raise_error(ArgumentError, 'an event\'s id is one line, got "1\ndata: 2"')
    expect { events.push("x", event: "a\rb") }.to raise_error(ArgumentError)
  end

  it "mixes texts of any encoding, well-formed or not" do
    written = run do |events|
      events.push("\xFFa\n".b, event: "é")
      events.push("\xFF")
      events.push("é\n".encode(Encoding::UTF_16LE))
    end
    expect(written).to eq(["event: é\ndata: \xFFa\ndata: \n\n".b, "data: \xFF\n\n".b, "data: é\ndata: \n\n".b,
                           :closed])
  end

  it "requires a block" do
    expect { described_class.new(request) }.to raise_error(ArgumentError, "a stream of events needs a block")
  end

  it "sends heartbeats while it waits" do
    allow(request).to receive(:wait_end) { |seconds, _| :disconnected if stream.written.size == 2 || seconds > 0.01 }
    expect(run(heartbeat: 0.01, &:wait)).to eq([":\n\n", ":\n\n", :closed])
    expect { described_class.new(request, heartbeat: 0) { nil } }.to raise_error(ArgumentError, /more than 0 seconds/)
  end

  it "ends the wait when the time is over, the client leaves or the server stops" do
    request.ends(nil, :stopping)
    told = []
    run { |events| 2.times { told << events.wait(told.empty? ? 0 : nil) } }
    expect(told).to eq([true, false])
  end

  it "writes what other threads pushed before the server stops, but nothing to a client that has left" do
    { stopping: ["data: 1\n\n", :closed], disconnected: [:closed] }.each do |ended, written|
      request.ends(ended)
      stream.written.clear
      run do |events|
        allow(request).to receive(:wait_end) { Thread.new { events.push(1) }.value && ended }
        expect([events.wait, events.push(2)]).to eq([false, false])
      end
      expect(stream.written).to eq(written)
    end
  end

  it "ends for a client that reads too slowly" do
    told = []
    written = run(limit: 2) do |events|
      told << Thread.new { Array.new(4) { |number| events.push(number) } }.value
      told << events.wait
    end
    expect(told).to eq([[true, true, false, false], false])
    expect(written).to eq(["data: 0\n\n", "data: 1\n\n", :closed])
  end
end
