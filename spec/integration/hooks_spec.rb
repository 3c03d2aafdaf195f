# frozen_string_literal: true

require "support/child"
require "support/integration"

RSpec.describe "hooks" do
  in_both_modes do |mode|
    def get(server, name) = HttpClient.get(server.port, "/#{name}?#{rendezvous.path}")

    it "are called after every request, whatever its outcome" do
      server = serve(Apps::Hooks::App, after_request: Apps::Hooks::AfterRequest)
      { "plain" => 200, "each" => 200, "stream" => 202, "failing" => 500, "unsendable" => 500, "hijack" => 299 }
        .each do |name, status|
        expect(get(server, name).status).to eq(status == 299 ? 200 : status)
        expect(rendezvous.next.text).to eq("/#{name} #{status}")
      end
      expect(log.scan(/^kino: /).size).to eq(2)
    end

    it "receive the exception that the app raises" do
      server = serve(Apps::Hooks::App, on_error: Apps::Hooks::OnError)
      expect(get(server, "failing").status).to eq(500)
      expect(rendezvous.next.text).to eq("no at /failing")
      log
    end

    it "receive errors that do not change the response" do
      server = serve(Apps::Hooks::App, on_error: Apps::Hooks::OnError)
      too_long = "the body is 1 bytes longer than its content-length: it was cut"
      { "close" => "closed", "too-long" => too_long, "too-long-each" => too_long, "finished" => "finished" }
        .each do |name, message|
        expect(get(server, name)).to have_attributes(status: 200, body: "a")
        expect(rendezvous.next.text).to eq("#{message} at /#{name}")
      end
      expect(log.scan(/^kino: (.*?) \(GET/).flatten)
        .to eq(["RuntimeError: closed", *["Kino::InvalidResponseError: #{too_long}"] * 2, "RuntimeError: finished"])
    end

    it "are called in each worker before it serves, and in its replacement" do
      boot = Ractor.make_shareable(Apps::Hooks::Boot.new(rendezvous.path))
      server = serve(Apps::Deaths, workers: 2, after_worker_boot: boot)
      expect([rendezvous.next.text, rendezvous.next.text]).to contain_exactly("worker 0", "worker 1")
      HttpClient.get(server.port, "/fatal")
      expect(rendezvous.next.text).to match(/\Aworker [01]\z/)
      log
    end

    it "are logged if they raise, and have no other effect" do
      failing = %i[on_error after_boot after_worker_boot after_request on_worker_exit before_shutdown]
      server = serve(Apps::Hooks::App, **failing.to_h { |name| [name, Apps::Hooks::Failing] })
      expect([get(server, "plain").status, get(server, "failing").status, get(server, "plain").status])
        .to eq([200, 500, 200])
      server.shutdown
      expect(log.scan(/the hook (\w+) raised RuntimeError: broken hook$/).flatten.uniq).to match_array(
        failing.map(&:name)
      )
    end

    it "are called when the server starts, when a worker exits and when the server stops" do
      told = Thread::Queue.new
      server = nil
      before_shutdown = -> { told << [:stopping, server.ready?, refused?(server.port)] }
      server = serve(Apps::Deaths, after_boot: -> { told << :up }, before_shutdown:,
                                   on_worker_exit: ->(index, error) { told << [index, error&.message] })
      expect(told.pop).to eq(:up)
      eventually { server.ready? }
      HttpClient.get(server.port, "/fatal")
      expect(told.pop).to match([0, /the end/])
      2.times { server.shutdown }
      expect(Array.new(told.size) { told.pop }).to eq([[:stopping, false, false], [0, nil]])
      log
    end

    if mode == :threaded || RUBY_VERSION >= "4"
      it "are called once for each worker thread that ends" do
        told = Thread::Queue.new
        server = serve(Apps::Deaths, threads: 2, on_worker_exit: ->(index, error) { told << [index, error&.message] })
        HttpClient.get(server.port, "/fatal")
        expect(told.pop).to match([0, /the end/])
        eventually { server.ready? }
        server.shutdown
        expect(Array.new(told.size) { told.pop }).to eq([[0, nil], [0, nil]])
        log
      end
    end

    it "do not keep the server from serving or stopping if they hang after boot" do
      entered = Thread::Queue.new
      server = Kino::Server.new(Apps::Deaths, port: 0, workers: 1, threads: 1, mode:,
                                              after_boot: -> { entered << :up and sleep })
      starting = concurrently { server.start }
      expect(entered.pop(timeout: 20)).to eq(:up)
      expect(HttpClient.get(server.port, "/alive").status).to eq(200)
      server.shutdown
      expect(starting.value).to be(server)
    end

    it "do not hold up a shutdown if they hang before it" do
      server = serve(Apps::Deaths, before_shutdown: -> { sleep })
      eventually { server.ready? }
      expect(server.shutdown(timeout: 0)).to be(server)
      expect(refused?(server.port)).to be(true)
      expect(log).to match(/\Akino: the hook before_shutdown has not returned after 1.0 s and is waited for/)
    end

    it "do not keep a worker from being replaced if they hang when it exits" do
      server = serve(Apps::Deaths, on_worker_exit: ->(*) { sleep })
      3.times { HttpClient.get(server.port, "/fatal") }
      expect(HttpClient.get(server.port, "/alive").status).to eq(200)
      server.shutdown(timeout: 0)
      expect(server.stats).to include(respawns: 3)
      expect(log).to match(/kino: the hook on_worker_exit has not returned and .* no longer; calls left out: 3$/)
    end

    it "may shut the server down" do
      %i[after_boot before_shutdown on_worker_exit].each do |name|
        server = Kino::Server.new(Apps::Deaths, port: 0, workers: 1, threads: 1, mode:, name => lambda { |*|
          expect(server.shutdown).to be(server)
        })
        server.start
        HttpClient.get(server.port, "/fatal") if name == :on_worker_exit
        server.shutdown if name == :before_shutdown
        expect(server.wait).to be(server)
        expect(refused?(server.port)).to be(true)
      end
      expect(log).to match(/\Akino: kino-worker-1 died and is replaced: .*\n(    .*\n)+\z/)
    end

    if mode == :threaded # Ractors cannot reference the server
      it "may shut the server down from a worker, without waiting" do
        server = nil
        server = serve(Apps::Hooks::App, on_error: ->(*) { server.shutdown(timeout: 0) })
        expect(get(server, "failing").status).to eq(500)
        expect(server.wait).to be(server)
        log
      end
    end

    it "stop the server if they end every worker at boot, and the log says why" do
      stub_const("Kino::Pool::Backoff::FIRST", 0.0001)
      server = serve(Apps::Blocking, after_worker_boot: Apps::Hooks::Leaving)
      expect { server.wait }.to raise_error(
        Kino::WorkerBootError, "the server has stopped: kino-worker-1 died at boot 8 times in a row: SystemExit: exit"
      )
      expect(refused?(server.port)).to be(true)
      expect(server.stats).to include(respawns: 7)
      expect(log).to include("kino-worker-1 died at boot 8 times in a row, so the server stops: SystemExit: exit")
    end
  end

  it "make the command exit with 1 if they keep the workers from starting" do
    child = Child.ruby(<<~PROGRAM)
      require "kino"
      require "kino/cli"
      Kino::Pool::Backoff.send(:remove_const, :FIRST)
      Kino::Pool::Backoff::FIRST = 0.0001
      server = Object.new
      def server.run(app, **settings, &)
        Kino::Server.run(app, **settings, after_worker_boot: ->(_index) { exit }, &)
      end
      exit Kino::CLI.start(%w[-p 0 -w 1 -m threaded spec/support/rackups/max_cpu.ru], server:)
    PROGRAM
    expect(child.status.exitstatus).to eq(1)
    expect(child.errors).to match(/^kino: the server has stopped: kino-worker-1-\d died at boot 8 times in a row/)
  ensure
    child&.close
  end

  describe "that run in workers" do
    it "must be shareable in ractor mode; the error says why they are not" do
      seen = []
      on_error = ->(error, _env) { seen << error }
      expect { Kino::Server.new(Apps::Blocking, mode: :ractor, on_error:) }.to raise_error(
        Kino::UnshareableHookError, /\Athe hook on_error \(Proc, which holds seen\) runs in worker Ractors and can/
      )
      expect(Kino::Server.new(Apps::Blocking, mode: :threaded, on_error:).mode).to eq(:threaded)
    end

    it "are refused with an error that names the object they hold" do
      hook = Class.new do
        def initialize = @list = []
        def call(*) = nil
      end.new.freeze
      expect { Kino::Server.new(Apps::Blocking, mode: :ractor, after_request: hook) }
        .to raise_error(Kino::UnshareableHookError, /which holds @list\) .* or use mode threaded\z/)
    end

    if RUBY_VERSION >= "4"
      it "may be a shareable Proc" do
        hook = Ractor.shareable_proc { |_index| nil }
        server = serve(Apps::Blocking, mode: :ractor, after_worker_boot: hook)
        expect(HttpClient.get(server.port, "/free").status).to eq(200)
      end
    end
  end
end
