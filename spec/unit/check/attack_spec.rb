# frozen_string_literal: true

require "delegate"
require "kino"
require "kino/check"
require "kino/config/mode"

# What somebody did to make the check fail, hang or lie.
RSpec.describe Kino::Check do
  def app(source) = Module.new { module_eval(source) }

  def boot(app) = Kino::Config::Mode.resolve(:auto, app)

  describe "a name that Ruby refuses" do
    ['const_get("en")', "const_get(:foo)", 'const_get("::X")', 'const_get("")', 'send("\xFF")',
     'respond_to?("caf\xE9")'].each do |code|
      it "does not stop a boot, nor a report: #{code}" do
        odd = app("def self.call(_env) = [200, {}, [#{code}.to_s]]")
        reason = nil
        expect { _mode, reason = boot(odd) }.not_to output.to_stderr
        expect(reason.to_s).not_to include("the check itself failed")
        expect(described_class.report(odd).findings.map(&:cause)).not_to include(:breakdown)
      end
    end
  end

  describe "a mistake of the check's own" do
    let(:plain) { app("def self.call(_env) = [200, {}, []]") }

    [StandardError, NotImplementedError, SystemStackError].each do |error|
      it "does not stop a boot, and is told of: #{error}" do
        allow(Kino::Check::Code).to receive(:new).and_raise(error, "dropped\nit")
        expect(boot(plain))
          .to match([:threaded, /\Athe check itself failed: #{error}: dropped \| it.* report this; .*\z/])
      end
    end

    it "is a finding in the report, which keeps the others" do
      allow(Kino::Check::Code).to receive(:new).and_raise("dropped it")
      report = described_class.report(Struct.new(:text) { def call(_env) = [200, {}, [text]] }.new("hi"))
      expect(report.findings.to_h { [it.cause, it.what] })
        .to match(unfrozen: /not frozen/, breakdown: /the check itself failed: RuntimeError: dropped it at .*:\d+/)
      expect(report.to_s).to include("report it")
    end
  end

  # The app's own answers to what Ruby asks of every object are its code like any other.
  describe "an app whose classes answer for themselves" do
    let(:hostile) do
      app(<<~RUBY)
        HOSTILE = Module.new do
          (%i[hash == != equal? eql? <= < === inspect to_s name is_a? instance_of? class method respond_to? ! frozen?
              ancestors instance_method const_get freeze dup <=>]).each { |name| define_method(name) { |*| raise name.to_s } }
        end
        POINT = Struct.new(:x) { include HOSTILE; extend HOSTILE; def read = x }
        class KIND; include HOSTILE; extend HOSTILE; def self.call(env) = new.read; def read = [200, {}, []]; end
        LIST = [KIND, POINT.new(1), Module.new { extend HOSTILE }]
        TABLE = {}.compare_by_identity
        TABLE[KIND] = 1
        TABLE[:a] = POINT.new(2)
        def self.call(env)
          LIST.each { |kind| kind.call(env) }
          TABLE[env["PATH_INFO"]].call
          [KIND.call(env), POINT.new(1).read, POINT.new(2).x, LIST.first, KIND.is_a?(POINT), POINT.respond_to?(:x)]
          case env when KIND then 1 end
        rescue KIND, POINT
          KIND.zork
        end
      RUBY
    end

    it "is asked nothing" do
      expect(described_class.report(hostile).findings.map(&:cause)).not_to include(:breakdown)
      expect(described_class.report(hostile::KIND)).to be_ready
    end
  end

  describe "what takes long" do
    def seconds
      start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      yield
      Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
    end

    it "goes through a method of many states in a moment" do
      states = Array.new(500) { |index| "when :s#{index} then state = :s#{(index * 7) % 500}" }
      machine = app("def self.call(env)\nstate = :s0\nwhile env\ncase state\n#{states.join("\n")}\nend\nend\n" \
                    "[200, {}, []]\nend")
      expect(seconds { expect(described_class.report(machine)).to be_ready }).to be < 2
    end

    it "goes through a long list of frozen links in a moment, and says little of it" do
      link = Struct.new(:number, :rest) { def call(_env) = [200, {}, [number.to_s]] }
      list = (0...15_000).reduce(["unfrozen"]) { |rest, number| link.new(number, rest).freeze }
      report = nil
      expect(seconds { report = described_class.report(list) }).to be < 3
      expect(report.findings.first).to have_attributes(cause: :unfrozen, path: /\Aapp(\.rest){7} \.\.\. (\.rest){8}\z/)
      expect(report.to_s.size).to be < 2_000
    end

    it "says where the time was over" do
      slow = app("def self.call(_env) = ($one; [200, {}, []])")
      findings = Kino::Check::Code.new(slow, seconds: 0).findings
      expect(findings.map { [it.cause, it.certainty] }).to eq([%i[cut possible]])
      objects = Kino::Check::Graph.new([["unfrozen"]], seconds: 0).findings
      expect(objects.map(&:what)).to include("more than could be looked at in 0 seconds")
    end
  end

  describe "what is no app" do
    objects = {
      "nil" => nil, "a frozen String" => "x",
      "one whose call is private" => Class.new { private def call(_env) = [] }.new,
      "one whose call takes nothing" => Class.new { def call = [] }.new.freeze,
      "one whose call takes two" => Class.new { def call(_env, _other) = [] }.new.freeze,
      "one that has a reader of that name" => Class.new { attr_reader :call }.new.freeze,
      "a lambda of two" => ->(_, _) {}
    }

    objects.each do |name, object|
      it "is found to be none, and makes no server: #{name}" do
        expect(described_class.report(object).findings.map { [it.cause, it.certainty] }).to include(%i[no_app certain])
        expect { Kino::Server.new(object, bind: "127.0.0.1", port: 0) }
          .to raise_error(Kino::AppLoadError, /is not a Rack app, because its? /)
      end
    end

    it "is not what takes more if it is given, or answers to all" do
      apps = [->(_env, _other = 1) {}, proc {}, proc { |one, two| [one, two] }, Class.new { def call(*) = [] }.new,
              Class.new(SimpleDelegator).new(nil), 1.method(:clamp), :call.to_proc]
      expect(apps.map { |one| Kino::NoApp.reason(one) }).to all(be_nil)
    end
  end

  describe "a call that is not followed" do
    def unfollowed(code) = described_class.report(app("def self.call(env) = [200, {}, [#{code}]]")).unfollowed

    it "is counted in the report, unless many an object has a method of that name" do
      expect(unfollowed('env["a"].deliver_somewhere.deliver_elsewhere')).to eq(2)
      expect(unfollowed('env["a"].to_s.size.to_s.upcase')).to eq(0)
    end
  end
end
