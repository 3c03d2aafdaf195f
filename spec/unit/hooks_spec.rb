# frozen_string_literal: true

require "kino/config/settings"
require "kino/hooks"

RSpec.describe Kino::Hooks do
  def settings(**) = Kino::Config::Settings.resolve(**)

  describe ".of_workers" do
    it "has the hooks that run in workers, and is frozen" do
      on_error = ->(*) {}
      hooks = described_class.of_workers(settings(on_error:, after_boot: -> {}))
      expect(hooks).to eq(described_class::NONE.with(on_error:)).and be_frozen
    end

    it "is shareable if none is set" do
      expect(Ractor).to be_shareable(described_class.of_workers(settings))
    end
  end

  describe ".call" do
    it "passes its arguments on, and does nothing without a hook" do
      told = []
      described_class.call(:after_request, ->(*all) { told << all }, :env, 200)
      described_class.call(:after_request, nil, :env, 200)
      expect(told).to eq([[:env, 200]])
    end

    it "logs what the hook raises, with its name" do
      expect { described_class.call(:on_error, ->(*) { raise "broken" }) }
        .to output(/\Akino: the hook on_error raised RuntimeError: broken\n    .*hooks_spec/).to_stderr
    end

    it "does not rescue what ends a worker" do
      expect { described_class.call(:on_error, -> { exit }) }.to raise_error(SystemExit)
    end
  end

  describe ".call_safely" do
    it "rescues everything" do
      expect { described_class.call_safely(:after_boot, -> { exit }) }
        .to output(/\Akino: the hook after_boot raised SystemExit: exit\n/).to_stderr
    end
  end

  describe ".check" do
    # @return [String, nil]
    def refusal(ruby: "4.0.5", **hooks)
      described_class.check(settings(**hooks), ruby:)
      nil
    rescue Kino::UnshareableHookError => error
      error.message
    end

    it "accepts hooks that do not run in workers, and hooks that can be shared" do
      list = []
      shareable = Module.new { def self.call(*) = nil }
      expect(refusal(after_boot: -> { list }, on_worker_exit: ->(*) { list }, on_error: shareable)).to be_nil
    end

    it "names the local variables that a Proc uses, and no others" do
      list = []
      other = []
      expect(refusal(after_request: ->(*) { list })).to include("the hook after_request (Proc, which holds list) runs")
      expect(other).to be_empty
    end

    it "names self if a Proc uses no local variable" do
      expect(refusal(on_error: proc {})).to include("(Proc, which holds self)")
    end

    it "names nothing for a Proc without a binding" do
      expect(refusal(on_error: :call.to_proc)).to include("the hook on_error (Proc) runs")
    end

    it "names an object's instance variables" do
      hook = Struct.new(:list) { def call(*) = @seen = [] }.new([]).tap(&:call)
      expect(refusal(after_worker_boot: hook)).to include("which holds @seen)")
    end

    it "gives no advice that this Ruby cannot follow" do
      hook = proc {}
      expect(refusal(on_error: hook)).to include("a Ractor.shareable_proc, or an object")
      expect(refusal(on_error: hook, ruby: "3.4.5")).not_to include("shareable_proc")
    end
  end
end
