# frozen_string_literal: true

require "kino/check"
require "kino/check/trial"
require "kino/config/mode"
require "json"
require "support/child"
require "tmpdir"

# What the check has stumbled over once.
RSpec.describe Kino::Check do
  def app(source) = Module.new { module_eval(source) }

  # An app whose `call` is so many calls deep.
  def deep(count)
    methods = Array.new(count) { |index| "def self.m#{index} = [1].each { m#{index + 1} }" }
    app("def self.call(_env) = (m0; [200, {}, []])\n#{methods.join("\n")}\ndef self.m#{count} = $deep")
  end

  it "reads methods that pass their block on to each other, however long that takes" do
    circle = app(<<~RUBY)
      def self.one(&block) = other { |x| block.call(x) }
      def self.other(&block) = one { |x| block.call(x) }
      def self.call(_env) = (one { 1 }; [200, {}, []])
    RUBY
    expect(described_class.report(circle)).to be_ready
  end

  it "reads methods that yield in two places each, however many there are" do
    methods = Array.new(60) { |i| "def self.m#{i}(&block) = [m#{i + 1} { block.call }, m#{i + 1} { block.call }]" }
    tree = app("def self.call(_env) = (m0 { 1 }; [200, {}, []])\n#{methods.join("\n")}\n" \
               "def self.m60 = (yield if $stdin.tty?)")
    expect(described_class.report(tree).findings.map(&:cause)).to eq([])
  end

  describe "on a stack that is too small" do
    def in_fiber(&) = Fiber.new(&).resume

    it "sends the app to threads, and the server boots" do
      deep_app = deep(120)
      expect(in_fiber { Kino::Config::Mode.resolve(:auto, deep_app) }).to match([:threaded, /deeper than the stack/])
    end

    it "says so in the report" do
      deep_app = deep(120)
      findings = in_fiber { described_class.report(deep_app) }.findings
      expect(findings.map(&:to_h)).to include(include(cause: :cut, certainty: :possible, what: /deeper than the stack/))
    end
  end

  it "loads nothing that the top of a program would load when it is named" do
    Object.autoload(:KinoCheckLazy, "/nonexistent/lazy.rb")
    lazy = app("def self.call(_env) = KinoCheckLazy.call")
    expect(described_class.report(lazy).findings.map(&:to_h)).to include(include(cause: :not_loaded))
    expect(Object.autoload?(:KinoCheckLazy)).to eq("/nonexistent/lazy.rb")
  ensure
    Object.send(:remove_const, :KinoCheckLazy)
  end

  describe "of what an app holds" do
    # An app that is frozen itself, and holds that.
    def holding(content)
      Class.new do
        def initialize(content) = @content = content
        def call(_env) = [200, {}, []]
      end.new(content).freeze
    end

    def findings(app, **) = described_class.report(app, **).findings.map(&:to_h)

    it "sees the default of a Hash, also of one in a circle" do
      default = [Mutex.new]
      circle = Hash.new(default)
      circle[:self] = circle
      expect(findings(holding(circle.freeze)))
        .to include(include(cause: :unshareable, what: /Mutex/, path: /\.default/))
    end

    it "says of the default of a Hash that it is not frozen" do
      default = []
      content = Hash.new(default).freeze
      expect(findings(holding(content)))
        .to contain_exactly(include(cause: :unfrozen, what: "not frozen: app.@content.default (an Array)"))
      expect(Ractor.shareable?(Ractor.make_shareable(content))).to be(true)
    end

    it "sees what is in a Set" do
      expect(findings(holding(Set[Mutex.new].freeze)))
        .to contain_exactly(include(cause: :unshareable, certainty: :certain, what: /Mutex in a (?:Set|Hash)/))
      expect(findings(holding(Set[[+"a"]].freeze))).to all(include(cause: :unfrozen))
    end

    it "sees the ends of a Range" do
      expect(findings(holding((+"a")..(+"b")))).to all(include(cause: :unfrozen, what: /@content\.begin/))
    end

    it "is certain that it cannot be shared, if it holds too much to look at" do
      app = holding(Array.new(30) { [+"a"].freeze }.freeze)
      report = described_class.report(app, objects: 10)
      expect(report.findings.map { [it.cause, it.certainty] }).to eq([%i[unfrozen certain], %i[cut possible]])
      expect(report).not_to be_passed
    end
  end

  describe "of a request that is tried" do
    def tried(source, request = "GET /")
      described_class.report(app("def self.call(env) = #{source}"), requests: [request])
    end

    def what(...) = tried(...).findings.find { it.cause == :failure }&.what

    it "passes one that is answered" do
      expect(tried("[200, {}, ['hi']]")).to be_passed
      expect(tried("[404, {}, [].each]")).to be_passed
      body = "->(stream) { stream.write('a', 1); stream << 'b'; stream.read; stream.close }"
      expect(tried("[200, {}, #{body}]")).to be_passed
    end

    it "does not pass one whose status is that of a failure" do
      failing = "[500, {}, ['sor', %(ry\\nthere \\xFF)]]"
      expect(tried(failing)).not_to be_passed
      expect(what(failing)).to eq("GET /: status 500: sorry there ?")
      expect(what("['503', {}, []]")).to eq("GET /: status 503")
    end

    it "runs a streaming body" do
      expect(what("[200, {}, ->(stream) { stream.write('a'); raise 'late' }]"))
        .to start_with("GET /: RuntimeError: late")
      expect(what("[200, { 'rack.hijack' => ->(_) { raise 'taken' } }, []]"))
        .to start_with("GET /: RuntimeError: taken")
    end

    it "does not pass what is no answer" do
      expect(what("nil")).to eq("GET /: NilClass returned, not [status, headers, body]")
      expect(what("[200, {}]")).to eq("GET /: [Integer, Hash] returned, not [status, headers, body]")
      expect(what("[200, {}, 5]")).to eq("GET /: a body of Integer, which has neither each nor call")
      expect(what("[200, {}, [5]]")).to eq("GET /: a body that yields Integer, not String")
    end

    it "reports whatever ends it" do
      expect(what("exit(3)")).to start_with("GET /: SystemExit: exit")
      expect(what("raise(Exception, 'no error')")).to start_with("GET /: Exception: no error")
      expect(what("Thread.current.kill")).to match(/its Ractor ended/)
    end

    it "reports errors that cannot be described, or are not text" do
      mute = "raise(Class.new(StandardError) { def message = raise; def backtrace = raise; def cause = raise }.new)"
      expect(what(mute)).to match(%r{\AGET /: #<Class:.*>: \(it cannot be described\)\z})
      expect(tried("raise(%(a\\xFFb).b)").to_json).to include("a?b")
    end

    it "shows no frames of its own" do
      head, *frames = what("raise('x')").lines
      expect([head, frames.size]).to eq(["GET /: RuntimeError: x\n", 1])
      expect(frames.first).to include(__FILE__)
    end

    it "takes nothing for a request that is not text" do
      app = app("def self.call(_env) = nil")
      ["GET /\xFF", "GET /".encode("UTF-16LE"), nil].each do |request|
        expect { described_class.report(app, requests: [request]) }.to raise_error(Kino::ConfigError, /not a request/)
      end
    end

    it "does not wait for ever" do
      sleeper = app("def self.call(_env) = sleep")
      finding, = Kino::Check::Trial.findings(sleeper, "GET /", limit: 0.1)
      expect(finding.to_h).to include(certainty: :certain, what: "GET /: it had not answered after 0.1 s")
    end

    it "says of no request that it was tried, where the app cannot be shared" do
      report = described_class.report(->(_env) {}, requests: ["GET /"])
      expect([report.requests, report.to_s]).to match([[], /\A(?!.*tried).*cannot run/m])
    end

    it "prints nothing of the app's into the report" do
      Dir.mktmpdir do |directory|
        File.write("#{directory}/config.ru", <<~RUBY)
          module Noisy
            def self.call(_env) = (puts "noise"; $stdout.write("noise"); [200, {}, []])
          end
          puts "noise"
          run Noisy
        RUBY
        child = Child.kino("--check", "--json", "--request", "GET /", chdir: directory)
        expect(JSON.parse(child.output)).to include("verdict" => "ready")
        expect(child.errors.scan("noise").size).to eq(3)
      ensure
        child&.close
      end
    end

    it "ends, with an app that does not" do
      child = Child.ruby(<<~RUBY)
        require "kino/check"
        require "kino/check/trial"
        module Sleeper
          def self.call(env) = env["PATH_INFO"] == "/" ? sleep : loop {}
        end
        puts ["GET /", "GET /loop"].flat_map { Kino::Check::Trial.findings(Sleeper, it, limit: 0.1).map(&:what) }
      RUBY
      expect(child.output.lines.grep(/had not answered/).size).to eq(2)
      expect(child.own_status).to be_success
    ensure
      child&.close
    end
  end

  it "calls nothing of the collections' own" do
    app = app(<<~RUBY)
      called = Module.new do
        %i[first each map to_a values key? fetch [] instance_of? size hash eql? ==].each do |name|
          define_method(name) { |*| raise "called" }
        end
      end
      const_set(:LIST, Class.new(Array) { prepend(called) }.allocate.freeze)
      const_set(:ONE, [1].tap { |list| list.singleton_class.prepend(called) }.freeze)
      const_set(:PAIRS, { a: 1 }.tap { |pairs| pairs.singleton_class.prepend(called) }.freeze)
      const_set(:KEYS, { Class.new(String) { def eql?(*) = raise("called"); def hash = "k".hash }.new("k") => 1 }.freeze)
      def self.call(env)
        [LIST, ONE].each { |list| list.first; list[0]; list.each { |x| x.to_s } }
        PAIRS[:a]
        PAIRS.each { |key, value| value }
        KEYS["k"]
        ONE.tap { |x| x.first }
      end
    RUBY
    expect { described_class.report(app) }.not_to raise_error
  end

  describe "an app that is slow to read" do
    # Each of its methods may call each of them.
    let(:fan) do
      methods = Array.new(2_000) { |index| "def self.m#{index}(name) = send(name)" }
      app("#{methods.join("\n")}\ndef self.last = $last\ndef self.call(env) = [200, {}, [send(env['PATH_INFO'])]]")
    end

    def seconds
      before = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID)
      yield
      Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID) - before
    end

    it "is read in time, and to the end" do
      findings = nil
      expect(seconds { findings = described_class.report(fan).findings }).to be < 2
      expect(findings.map { [it.cause, it.certainty] }).to eq([%i[global possible]])
      expect(described_class.first_finding(fan)).not_to be_nil
    end

    it "says that it was not read to the end, where time or room is short" do
      [{ seconds: 0 }, { limit: 0 }, { limit: 10 }].each do |short|
        findings = Kino::Check::Code.new(fan, **short).findings
        expect(findings.map(&:to_h)).to include(include(cause: :cut, what: "the code was not read to its end"))
      end
    end

    it "is left in the midst of a method, of which nothing is certain then" do
      long = app("def self.call(env)\n$first = 1\n#{"env.size\n" * 1_000}end")
      code = Kino::Check::Code.new(long)
      allow(code).to receive(:late?).and_return(false, false, false, true)
      expect(code.findings.map { [it.cause, it.certainty] }).to eq([%i[global possible], %i[cut possible]])
    end
  end

  it "does not warn that a constant is deprecated" do
    before = Warning[:deprecated]
    Warning[:deprecated] = true
    app = app("const_set(:OLD, 1)\ndeprecate_constant(:OLD)\ndef self.call(_env) = const_get(:OLD)")
    expect { described_class.report(app) }.not_to output.to_stderr
    expect(Warning[:deprecated]).to be(true)
  ensure
    Warning[:deprecated] = before
  end

  it "keeps none of the extensions that it has read" do
    described_class.report(app("def self.call(_env) = [200, {}, [JSON.generate(1)]]"))
    expect(Kino::Check::Extensions.instance_variable_get(:@files)).to be_nil
  end
end
