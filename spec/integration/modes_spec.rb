# frozen_string_literal: true

require "support/child"
require "support/integration"

RSpec.describe "modes" do
  let(:unshareable) { [].then { |log| ->(_env) { [200, {}, [(log << "x").join]] } } }

  describe "ractor" do
    it "refuses an app that cannot be shared, and says what to do" do
      expect { Kino::Server.new(unshareable, mode: :ractor) }.to raise_error(
        Kino::UnshareableAppError,
        /the app \(Proc\) cannot be shared between Ractors: make it a module .* or use mode threaded/
      )
    end

    it "serves modules, classes and frozen objects" do
      app_class = Class.new { def self.call(_env) = [200, {}, []] }
      struct = Struct.new(:status) { def call(_env) = [status, {}, []] }
      [Apps::EnvDump, app_class, Ractor.make_shareable(struct.new(200))].each do |app|
        server = serve(app, mode: :ractor)
        expect(server.mode).to eq(:ractor)
        expect(HttpClient.get(server.port).status).to eq(200)
      end
    end

    it "does not freeze the app" do
      app = Object.new
      def app.call(_env) = [200, {}, []]
      expect { Kino::Server.new(app, mode: :ractor) }.to raise_error(Kino::UnshareableAppError)
      expect(app).not_to be_frozen
    end

    if RUBY_VERSION >= "4"
      it "serves a shareable Proc" do
        app = Ractor.shareable_proc { |_env| [200, {}, ["proc"]] }
        expect(HttpClient.get(serve(app, mode: :ractor).port).body).to eq("proc")
      end

      it "supports several threads per worker" do
        expect(serve(Apps::EnvDump, mode: :ractor, threads: 3)).to have_attributes(mode: :ractor, threads: 3)
      end
    else
      it "supports only one thread per worker, and says why" do
        expect { Kino::Server.new(Apps::EnvDump, mode: :ractor, threads: 2) }.to raise_error(
          Kino::ConfigError, /ractor mode takes threads: 1 only on Ruby 3\.4.*, got 2: its VM deadlocks/
        )
      end
    end
  end

  describe "threaded" do
    it "serves any app, including one with mutable state" do
      server = serve(unshareable, mode: :threaded)
      expect([HttpClient.get(server.port).body, HttpClient.get(server.port).body]).to eq(%w[x xx])
    end
  end

  describe "a number of threads for the process" do
    it "is the total in threaded mode, and means one per Ractor in ractor mode" do
      server = serve(unshareable, mode: :threaded, workers: 4, threads: "6/process")
      expect(server).to have_attributes(workers: 3, threads: 2)
      eventually("6 threads are up") { server.stats[:per_worker].size == 6 }
      expect(serve(Apps::EnvDump, mode: :ractor, workers: 2, threads: "5/process"))
        .to have_attributes(workers: 2, threads: 1)
    end
  end

  describe "auto" do
    it "is ractor for an app that can be shared" do
      expect(serve(Apps::EnvDump, mode: :auto)).to have_attributes(mode: :ractor)
    end

    it "is threaded for any other app, and says why" do
      server = serve(unshareable, mode: :auto)
      expect(server.mode).to eq(:threaded)
      expect(HttpClient.get(server.port).body).to eq("x")
      expect(log).to match(/\Akino: warning: threaded mode, because the app \(Proc\) cannot be shared .*\n\z/)
    end

    it "is threaded for an app that may raise in a Ractor, and serves it" do
      server = serve(Apps::Counter, mode: :auto)
      expect(server.mode).to eq(:threaded)
      expect([HttpClient.get(server.port).body, HttpClient.get(server.port).body]).to eq(%w[1 2])
      expect(log).to match(/\Akino: warning: threaded mode, because .* holds a Hash .* -m ractor insists\n\z/)
    end

    it "is the only mode that loads the check, and only for an app that can be shared" do
      loaded = <<~RUBY
        require "kino"
        module Shared; def self.call(_env) = [200, {}, []]; end
        local = [1]
        [[Shared, :threaded], [Shared, :ractor], [->(_env) { local }, :auto], [Shared, :auto]].each do |app, mode|
          Kino::Server.new(app, mode:)
          puts $LOADED_FEATURES.count { |file| file.match?(%r{/kino/check(/|\\.rb)}) }
        end
      RUBY
      child = Child.ruby(loaded)
      *others, auto = child.output.lines.map(&:to_i)
      expect([others, auto]).to match([[0, 0, 0], be_positive])
    ensure
      child&.close
    end

    it "runs the mode's default number of threads" do
      expect(Kino::Server.new(Apps::EnvDump).threads).to eq(1)
      expect(Kino::Server.new(Apps::EnvDump, mode: :threaded).threads).to eq(3)
    end
  end

  describe "RUBY_MAX_CPU" do
    it "is recommended if there are more workers than the VM has threads" do
      Kino::Server.new(Apps::EnvDump, mode: :ractor, workers: 999)
      expect(log)
        .to match(/\Akino: warning: up to 999 worker Ractors .* on at most \d+ cores: set RUBY_MAX_CPU=1998 in/)
    end

    it "does not matter in threaded mode" do
      expect(Kino::Server.new(Apps::EnvDump, mode: :threaded, workers: 999).workers).to eq(999)
    end
  end
end
