# frozen_string_literal: true

require "kino"
require "socket"

RSpec.describe Kino::Server do
  let(:app) { ->(_env) { [200, {}, []] } }

  def server(**) = described_class.new(app, mode: :threaded, **)

  it "has complete settings" do
    expect(server(workers: 3, threads: 2, bind: "::1", port: 81)).to have_attributes(
      mode: :threaded, workers: 3, threads: 2, url: "http://[::1]:81", port: nil,
      settings: have_attributes(queue_depth: 1024, queue_timeout: 5.0, shutdown_timeout: 30.0)
    )
  end

  it "starts nothing when it is made" do
    expect(Kino::Native).not_to receive(:start)
    before = Thread.list
    server
    expect(Thread.list).to eq(before)
  end

  it "hands the settings on to the front-end, times in seconds" do
    allow(Kino::Native).to receive(:start).and_raise(Kino::BindError, "no")
    expect do
      server(port: 0, queue_depth: 7, queue_timeout: 1, max_body_size: nil, tokio_threads: 2).start
    end.to raise_error(Kino::BindError)
    expect(Kino::Native).to have_received(:start).with(
      hash_including(host: "127.0.0.1", port: 0, tokio_threads: 2, queue_depth: 7, queue_timeout: 1.0,
                     max_body_size: nil)
    )
  end

  it "has the front-end read requests into a queue where there are lanes" do
    app = Module.new { def self.call(_env) = [200, {}, []] }
    allow(Kino::Native).to receive(:start).and_raise(Kino::BindError, "no")
    [{}, { lanes: true, batch: 8 }].each do |settings|
      expect { described_class.new(app, mode: :ractor, workers: 2, **settings).start }.to raise_error(Kino::BindError)
    end
    [{ lanes: false, batch: 1, shards: 2 }, { lanes: true, batch: 8, shards: 0 }].each do |told|
      expect(Kino::Native).to have_received(:start).with(hash_including(told)).once
    end
  end

  it "gives the port back when the workers cannot be started" do
    subject = server(port: 0, workers: 1)
    allow(Kino::Pool::Threads).to receive(:new).and_raise(ThreadError, "no thread")
    expect { subject.start }.to raise_error(ThreadError)
    expect { TCPSocket.new("127.0.0.1", subject.port) }.to raise_error(Errno::ECONNREFUSED)
    expect(subject.shutdown).to be(subject)
  end

  it "has stats before it runs" do
    expect(server(workers: 2, threads: 3).stats).to include(mode: :threaded, workers: 2, threads: 3)
  end

  describe ".run" do
    it "yields the running server and returns it stopped" do
      yielded = nil
      result = described_class.run(app, port: 0, workers: 1, threads: 1, mode: :threaded) do |running|
        yielded = running
        expect(running.port).to be_positive
        running.shutdown
      end
      expect(result).to be(yielded)
      expect { TCPSocket.new("127.0.0.1", result.port) }.to raise_error(Errno::ECONNREFUSED)
    end

    it "does without a block" do
      allow(Kino::Runner).to receive(:new).and_wrap_original do |original, server, **keywords|
        Thread.new { sleep 0.001 until server.port && server.shutdown }
        original.call(server, **keywords)
      end
      expect(described_class.run(app, port: 0, workers: 1, threads: 1, mode: :threaded)).to be_a(described_class)
    end
  end
end
