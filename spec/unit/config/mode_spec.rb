# frozen_string_literal: true

require "kino/check"
require "kino/config/mode"
require "kino/config/settings"

RSpec.describe Kino::Config::Mode do
  let(:shareable) { Module.new { def self.call(_env) = [200, {}, []] } }
  let(:lambda_app) { ->(_env) { [200, {}, []] } }
  let(:object_app) { Class.new { def call(_env) = [200, {}, []] }.new }

  describe ".resolve" do
    it "resolves auto to ractor for an app that can be shared" do
      expect(described_class.resolve(:auto, shareable)).to eq([:ractor, nil])
      expect(described_class.resolve(:auto, object_app.freeze)).to eq([:ractor, nil])
    end

    it "resolves auto to threaded for any other app, and says why" do
      mode, reason = described_class.resolve(:auto, lambda_app)
      expect(mode).to eq(:threaded)
      expect(reason).to start_with("the app (Proc) cannot be shared between Ractors")
    end

    it "resolves to threaded when set, without a reason" do
      expect(described_class.resolve(:threaded, shareable)).to eq([:threaded, nil])
    end

    it "resolves to ractor when set" do
      expect(described_class.resolve(:ractor, shareable)).to eq([:ractor, nil])
    end

    it "says what to do about a Proc" do
      expect { described_class.resolve(:ractor, lambda_app, ruby: "4.0.5") }
        .to raise_error(Kino::UnshareableAppError, /module or class .* Ractor\.shareable_proc, or use mode threaded/)
    end

    it "does not recommend methods that Ruby 3.4 lacks" do
      expect { described_class.resolve(:ractor, lambda_app, ruby: "3.4.5") }
        .to raise_error(Kino::UnshareableAppError, /\A(?!.*shareable_proc).*module or class/)
    end

    it "says what to do about an object" do
      expect { described_class.resolve(:ractor, object_app) }
        .to raise_error(Kino::UnshareableAppError, /frozen all the way down \(Ractor\.make_shareable\)/)
    end

    it "does not change the app" do
      described_class.resolve(:auto, object_app)
      expect(object_app).not_to be_frozen
    end

    context "with an app that can be shared but may raise in a Ractor" do
      let(:possible) { Module.new { def self.call(env) = env && $PROGRAM_NAME } }
      let(:certain) { Module.new { def self.call(_env) = $PROGRAM_NAME } }
      let(:frozen) { Module.new { def self.call(_env) = self::LIST << 1 }.tap { it.const_set(:LIST, [].freeze) } }

      it "resolves auto to threaded, and says what was found, how to reproduce it, and how to insist" do
        mode, reason = described_class.resolve(:auto, possible)
        expect(mode).to eq(:threaded)
        expect(reason).to match(/\A\$PROGRAM_NAME is read \(\S+mode_spec\.rb:\d+\), which a Ractor may refuse; /)
        expect(reason).to end_with("kino --check --request \"GET /\" proves it, and -m ractor insists")
      end

      it "resolves to ractor when set" do
        expect(described_class.resolve(:ractor, certain)).to eq([:ractor, nil])
      end

      it "resolves to ractor if threads would raise the same" do
        expect(described_class.resolve(:auto, frozen)).to eq([:ractor, nil])
      end

      it "gives its reason on one line" do
        finding = Kino::Check::Finding.new(cause: :cut, certainty: :possible, what: "a\nb\e[0m", place: nil,
                                           path: "app", fix: "")
        allow(Kino::Check).to receive(:first_finding).and_return(finding)
        expect(described_class.resolve(:auto, shareable).last).to start_with("a b [0m (by app), which")
      end
    end

    context "with a Rails app" do
      let(:rails_app) { stub_const("Rails::Application", Class.new { def call(_env) = [200, {}, []] }) }
      let(:app) { stub_const("Demo::Application", Class.new(rails_app)).new }

      it "recommends -m threaded, and no change to the app" do
        expect(described_class.resolve(:auto, app).last)
          .to eq("the app (Demo::Application) is a Rails app, which cannot be shared between Ractors: use -m threaded")
        expect { described_class.resolve(:ractor, app) }.to raise_error(Kino::UnshareableAppError, /Rails app/)
      end

      it "recognizes it behind middleware, and where it is mounted" do
        middleware = Struct.new(:app) { def initialize(app) = @app = app }
        map = Object.new
        map.instance_variable_set(:@mapping, [["host", "/a", /a/, Object.new], [nil, "/", //, middleware.new(app)]])
        [middleware.new(app), middleware.new(middleware.new(app)), map].each do |stack|
          expect(described_class.resolve(:auto, stack).last).to include("is a Rails app")
        end
      end

      it "does not mistake other apps for it" do
        app
        expect(described_class.resolve(:auto, lambda_app).last).to include("make it a module")
      end

      it "also names it if the app can be shared but has findings" do
        app
        ractorized = rails_app.new
        def ractorized.call(_env) = $PROGRAM_NAME
        expect(described_class.resolve(:auto, ractorized.freeze).last)
          .to match(/\A\$PROGRAM_NAME is read .* this is a Rails app: -m threaded ends this warning, .* insists\z/)
      end
    end

    it "accepts an app that only has call" do
      bare = Class.new(BasicObject) { def call(_env) = nil }.new
      expect(described_class.resolve(:auto, bare).first).to eq(:threaded)
    end

    context "with several threads per worker" do
      it "allows ractor on Ruby 4.0" do
        expect(described_class.resolve(:auto, shareable, threads: 5, ruby: "4.0.0")).to eq([:ractor, nil])
      end

      it "resolves auto to threaded on Ruby 3.4, and says why" do
        mode, reason = described_class.resolve(:auto, shareable, threads: 2, ruby: "3.4.5")
        expect(mode).to eq(:threaded)
        expect(reason).to include("threads: 1 only on Ruby 3.4.5", "deadlocks")
      end

      it "rejects ractor on Ruby 3.4, with the reason" do
        expect { described_class.resolve(:ractor, shareable, threads: 2, ruby: "3.4.5") }
          .to raise_error(Kino::ConfigError, /threads: 1 only .* got 2: its VM deadlocks/)
      end

      it "allows them in threaded mode" do
        expect(described_class.resolve(:threaded, shareable, threads: 9, ruby: "3.4.5")).to eq([:threaded, nil])
      end
    end
  end

  describe ".threads" do
    it "depends on the mode" do
      expect(described_class.threads(:auto, :ractor)).to eq(1)
      expect(described_class.threads(:auto, :threaded)).to eq(3)
    end

    it "uses the given number" do
      expect(described_class.threads(5, :ractor, ruby: "4.0.5")).to eq(5)
      expect(described_class.threads(5, :threaded, ruby: "3.4.5")).to eq(5)
      expect(described_class.threads(1, :ractor, ruby: "3.4.5")).to eq(1)
    end

    it "rejects more than one in ractor mode on Ruby 3.4" do
      expect { described_class.threads(5, :ractor, ruby: "3.4.5") }.to raise_error(Kino::ConfigError, /deadlocks/)
    end
  end

  describe "threads for the process" do
    def grid(workers, threads, mode)
      settings, threads = described_class.grid(Kino::Config::Settings.resolve(workers:, threads:), mode)
      [settings.workers, threads]
    end

    it "are the total in threaded mode, whatever the number of workers" do
      expect([1, 2, 3, 4, 8].map { |workers| grid(workers, "6/process", :threaded) })
        .to eq([[1, 6], [2, 3], [3, 2], [3, 2], [6, 1]])
      expect([1, 2, 8].map { |workers| grid(workers, "5/process", :threaded) }).to eq([[1, 5], [1, 5], [5, 1]])
    end

    it "do not apply to Ractors, on any Ruby" do
      app = Module.new { def self.call(_env) = [200, {}, []] }
      %w[3.4.5 4.0.5].each do |ruby|
        shared = Kino::Config::Settings.resolve(threads: "5/process").threads
        expect(described_class.threads(shared, :ractor, workers: 4, ruby:)).to eq(1)
        expect(%i[auto ractor].map { |mode| described_class.resolve(mode, app, threads: shared, ruby:) })
          .to eq([[:ractor, nil]] * 2)
      end
    end

    it "leave the workers alone in ractor mode" do
      expect(grid(4, "5/process", :ractor)).to eq([4, 1])
    end

    it "do not affect a number given for each worker" do
      expect([grid(3, 5, :threaded), grid(3, :auto, :threaded)]).to eq([[3, 5], [3, 3]])
    end
  end

  describe "RUBY_MAX_CPU" do
    it "is not needed for 8 workers" do
      expect(described_class.max_cpu_warning(8, env: {})).to be_nil
    end

    it "is needed for more, and the warning names the value" do
      expect(described_class.max_cpu_warning(9, env: {})).to match(/up to 9 worker.* at most 8 .*RUBY_MAX_CPU=18 /)
    end

    it "suffices from the number of workers upwards" do
      expect(described_class.max_cpu_warning(12, env: { "RUBY_MAX_CPU" => "12" })).to be_nil
      expect(described_class.max_cpu_warning(12, env: { "RUBY_MAX_CPU" => "11" })).to include("at most 11 ")
    end

    it "counts as unset if the VM would not accept it either" do
      ["", "0", "-3", "many"].each do |value|
        expect(described_class.enough_cpus?(8, env: { "RUBY_MAX_CPU" => value })).to be(true)
        expect(described_class.enough_cpus?(9, env: { "RUBY_MAX_CPU" => value })).to be(false)
      end
    end

    it "counts workers that may be quarantined, and recommends twice the number" do
      settings = Kino::Config::Settings.resolve(workers: 6, quarantine_max: 3)
      expect(described_class.ractors(settings)).to eq(6)
      hanging = settings.with(quarantine_timeout: 1.0)
      expect([described_class.ractors(hanging), described_class.ractors(hanging, workers: 7)]).to eq([9, 10])
      expect(described_class.max_cpu(9)).to eq(18)
    end

    it "is satisfied with the value that it recommends" do
      env = { "RUBY_MAX_CPU" => described_class.max_cpu(100).to_s }
      expect(described_class.enough_cpus?(100, env:)).to be(true)
    end
  end
end
