# frozen_string_literal: true

require "kino"
require "socket"

RSpec.describe Kino::Server do
  let(:app) { ->(_env) { [200, {}, []] } }

  def server(**) = described_class.new(app, mode: :threaded, **)

  it "fills in its settings" do
    expect(server(workers: 3, threads: 2, bind: "::1", port: 81)).to have_attributes(
      mode: :threaded, workers: 3, threads: 2, url: "http://[::1]:81", port: nil,
      settings: have_attributes(queue_depth: 1024, queue_timeout: 5.0, shutdown_timeout: 30.0)
    )
  end

  it "starts nothing when it is created" do
    expect(Kino::Native).not_to receive(:start)
    before = Thread.list
    server
    expect(Thread.list).to eq(before)
  end

  it "passes its settings to the front-end, times in seconds" do
    allow(Kino::Native).to receive(:start).and_raise(Kino::BindError, "no")
    expect do
      server(port: 0, queue_depth: 7, queue_timeout: 1, max_body_size: nil, tokio_threads: 2).start
    end.to raise_error(Kino::BindError)
    expect(Kino::Native).to have_received(:start).with(
      hash_including(listeners: [hash_including(host: "127.0.0.1", port: 0)], tokio_threads: 2, queue_depth: 7,
                     queue_timeout: 1.0, max_body_size: nil)
    )
  end

  it "makes the front-end dispatch through the queue if lanes are on" do
    app = Module.new { def self.call(_env) = [200, {}, []] }
    allow(Kino::Native).to receive(:start).and_raise(Kino::BindError, "no")
    [{}, { lanes: true, batch: 8 }].each do |settings|
      expect { described_class.new(app, mode: :ractor, workers: 2, **settings).start }.to raise_error(Kino::BindError)
    end
    [{ lanes: false, batch: 1, shards: 2 }, { lanes: true, batch: 8, shards: 0 }].each do |told|
      expect(Kino::Native).to have_received(:start).with(hash_including(told)).once
    end
  end

  it "releases the port if the workers cannot be started" do
    subject = server(port: 0, workers: 1)
    allow(Kino::Pool::ThreadLauncher).to receive(:new).and_raise(ThreadError, "no thread")
    expect { subject.start }.to raise_error(ThreadError)
    expect { TCPSocket.new("127.0.0.1", subject.port) }.to raise_error(Errno::ECONNREFUSED)
    expect(subject.shutdown).to be(subject)
  end

  it "releases the port if the addresses cannot be determined" do
    given = TCPServer.new("127.0.0.1", 0)
    port = given.local_address.ip_port
    allow(Kino::Native).to receive(:addresses).and_raise(Kino::Error, "no descriptor left")
    expect { server(workers: 1, listener: given).start }.to raise_error(Kino::Error, "no descriptor left")
    given.close
    expect { TCPSocket.new("127.0.0.1", port) }.to raise_error(Errno::ECONNREFUSED)
  end

  it "looks like a server that was never started after its start has failed" do
    subject = server(port: 0, workers: 2)
    allow(Kino::Pool::ThreadLauncher).to receive(:new).and_raise(ThreadError, "no thread")
    expect { subject.start }.to raise_error(ThreadError)
    expect(subject.stats).to eq(mode: :threaded, workers: 2, threads: 3, lanes: false, batch: 1)
    expect([subject.ready?, subject.listeners, subject.add_worker]).to eq([false, [], nil])
    expect(subject.wait).to be(subject)
  end

  it "has stats before it runs" do
    expect(server(workers: 2, threads: 3).stats).to include(mode: :threaded, workers: 2, threads: 3)
  end

  it "has stats on one line while it runs" do
    subject = server(port: 0, workers: 1, threads: 2).start
    eventually { subject.ready? }
    expect(subject.stats_line).to match(
      /\Amode=threaded workers=1 threads=2 .*\bserved=0 .*\bper_worker\.1\.index=0 .*\bper_worker\.1\.busy_ms=- /
    )
  ensure
    subject&.shutdown
  end

  it "warns once if there are more workers than the VM runs at a time" do
    app = Module.new { def self.call(_env) = [200, {}, []] }
    allow(Kino::Config::Mode).to receive(:max_cpu_warning) { |ractors| "#{ractors} are too many" if ractors > 1 }
    allow(Kino::ErrorLog).to receive(:line)
    subject = described_class.new(app, mode: :ractor, port: 0, workers: 1).start
    expect(Kino::ErrorLog).not_to have_received(:line)
    expect([subject.add_worker, subject.add_worker]).to eq([1, 2])
    expect(Kino::ErrorLog).to have_received(:line).with("warning: 2 are too many").once
  ensure
    subject&.shutdown
  end

  it "accepts the same shutdown timeouts as the directive, and rejects others at once" do
    subject = server
    [-1, Float::NAN, Float::INFINITY, "soon", nil, :none].each do |timeout|
      expect { subject.shutdown(timeout:) }.to raise_error(
        Kino::ConfigError, /\Ashutdown_timeout must be seconds from .*, got .* \(from shutdown\(timeout:\)\)\z/
      )
    end
    [0, 1.5, Rational(1, 2), "5"].each { |timeout| expect(subject.shutdown(timeout:)).to be(subject) }
  end

  it "runs the reload blocks in order, and logs their exceptions" do
    told = []
    subject = server
    expect(subject.on_reload { told << 1 }.on_reload { raise "broken" }).to be(subject)
    subject.on_reload { told << 2 }
    2.times do
      expect { expect(subject.reload).to be(subject) }
        .to output(/\Akino: the hook on_reload raised RuntimeError: broken$/).to_stderr
    end
    expect(told).to eq([1, 2, 1, 2])
  end

  it "flushes the log after everything that could write to it has ended" do
    calls = []
    subject = server(port: 0, workers: 1, threads: 1, on_worker_exit: ->(*) { calls << :exit }).start
    %i[close shutdown].each do |name|
      allow(Kino::Native).to receive(name).and_wrap_original do |original, *all|
        calls << name
        original.call(*all)
      end
    end
    allow(Kino::ErrorLog).to receive(:flush) { calls << :flush }
    subject.shutdown
    expect(calls).to eq(%i[close exit shutdown flush])
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

    it "leaves the caller's listener open for others" do
      TCPServer.open("127.0.0.1", 0) do |socket|
        described_class.run(app, listener: socket, workers: 1, threads: 1, mode: :threaded) do
          Process.kill("TERM", Process.pid)
        end
        TCPSocket.new("127.0.0.1", socket.local_address.ip_port).close
        expect(socket.accept).to be_a(TCPSocket)
      end
    end

    it "needs no block" do
      allow(Kino::Runner).to receive(:new).and_wrap_original do |original, server, **keywords|
        Thread.new { eventually { server.port && server.shutdown } }
        original.call(server, **keywords)
      end
      expect(described_class.run(app, port: 0, workers: 1, threads: 1, mode: :threaded)).to be_a(described_class)
    end
  end
end
