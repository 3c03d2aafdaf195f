# frozen_string_literal: true

require "kino/check"
require "kino/config/mode"

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

    it "foresees nothing, and the server boots" do
      deep_app = deep(120)
      expect(in_fiber { Kino::Config::Mode.resolve(:auto, deep_app) }).to eq([:ractor, nil])
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
    expect(described_class.report(lazy).findings.map(&:to_h)).to contain_exactly(include(cause: :not_loaded))
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
        .to contain_exactly(include(cause: :unshareable, certainty: :certain, what: /Mutex in a Set/))
      expect(findings(holding(Set[[+"a"]].freeze))).to all(include(cause: :unfrozen))
    end

    it "sees the ends of a Range" do
      expect(findings(holding((+"a")..(+"b")))).to all(include(cause: :unfrozen, what: /@content\{a String\}/))
    end

    it "is certain that it cannot be shared, if it holds too much to look at" do
      app = holding(Array.new(30) { [+"a"].freeze }.freeze)
      report = described_class.report(app, objects: 10)
      expect(report.findings.map { [it.cause, it.certainty] }).to eq([%i[unfrozen certain], %i[cut possible]])
      expect(report).not_to be_passed
    end
  end
end
