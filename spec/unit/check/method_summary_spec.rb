# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::MethodSummary do
  include CheckSource

  def notes(source) = routine_of(source).notes.map(&:what)
  def certain(source) = routine_of(source).then { |own| own.notes.select { own.certain?(it.position) }.map(&:what) }

  it "has notes of what is found in it, and calls of what it calls" do
    own = routine_of("def run = $a && other\ndef other = 1")
    expect(own.notes.map { [it.cause, it.what, it.is_sure] }).to eq([[:global, "$a is read", true]])
    expect(own.all_calls.map { it.target.label }).to eq(["Shop::Subject#other"])
    expect(own.label).to eq("Shop::Subject#run")
  end

  it "says of an instruction only what was said last, so that it may be looked at again" do
    own = routine_of("def run = 1")
    2.times do
      own.restart(0)
      own.note(0, :global, "$a")
    end
    own.note(described_class::WHOLE, :global, "$b")
    expect(own.notes.map(&:what)).to eq(%w[$a $b])
  end

  describe "certainty" do
    it "is that of the instruction, and of the whole always" do
      expect(certain("def run(a)\n$a\n$b if a\nend")).to eq(["$a is read"])
      expect(routine_of("def run = 1")).to be_certain(described_class::WHOLE)
    end

    it "is lost in a rescue that takes what a Ractor raises" do
      ["", "=> e", "StandardError", "Ractor::Error", "Exception", "KeyError, StandardError", "*list"].each do |list|
        expect(certain("def run(list)\n$a\nrescue #{list}\n1\nend")).to eq([]), list
      end
    end

    it "is kept in a rescue that takes something else" do
      ["ArgumentError", "KeyError, TypeError"].each do |list|
        expect(certain("def run\n$a\nrescue #{list}\n1\nend")).to eq(["$a is read"]), list
      end
    end

    it "is kept in an ensure, unless that returns" do
      expect(certain("def run\n$a\nensure\n1\nend")).to eq(["$a is read"])
      expect(certain("def run\n$a\nensure\nreturn 1\nend")).to eq([])
    end
  end

  it "has no notes where somebody has provided for Ractors by name" do
    expect(notes("def run\n$a\nrescue Ractor::IsolationError\n1\nend")).to eq([])
    expect(notes("def run\n$a\nrescue StandardError\n$b\nend")).to eq(["$a is read"])
  end

  describe "its end" do
    it "is none if it only raises" do
      expect(routine_of("def run = raise(\"no\")")).to be_endless
      expect(routine_of("def run(a) = a ? raise : 1")).not_to be_endless
    end

    it "is not doubted of a block" do
      own = routine_of("def run = proc { raise }.call")
      expect(own.all_calls.map { it.target.endless? }).to eq([false])
    end

    it "gives what it returns, if that is known" do
      expect(routine_of("def run = 3").result.object).to eq(3)
      expect(routine_of("def run(a) = a ? 3 : 4").result.values.map(&:object)).to contain_exactly(3, 4)
      expect(routine_of("def run(a)\nreturn 3 if a\n4\nend").result.values.map(&:object)).to contain_exactly(3, 4)
      expect(routine_of("def run(a) = a").result).to equal(Kino::Check::Values::UNKNOWN)
    end
  end

  describe "its block" do
    # Whether it may be called, and whether it is each time.
    def yields(source) = routine_of(source).then { |own| [own.yields?, own.yields_certainly?] }

    it "is called by yield, each time or not" do
      expect(yields("def run = yield")).to eq([true, true])
      expect(yields("def run(a) = a && yield")).to eq([true, false])
      expect(yields("def run = 1")).to eq([false, false])
    end

    it "is called by name" do
      expect(yields("def run(&block) = block.call")).to eq([true, true])
    end

    it "may be called by whoever it is passed on to" do
      expect(yields("def run(&block) = other(&block)\ndef other = 1")).to eq([true, false])
    end

    it "is called in a block, if that is" do
      expect(yields("def run = tap { yield }")).to eq([true, true])
      expect(yields("def run(a) = a.each { yield }")).to eq([true, false])
    end
  end

  it "makes a call certainly where it gets to it, and where the block is called that it is in" do
    own = routine_of(<<~RUBY)
      def run(a)
        first
        a && second
        taking { third }
        leaving { fourth }
      end
      def first = 1
      def second = 1
      def taking = yield
      def leaving(&block) = 1
      def third = 1
      def fourth = 1
    RUBY
    certain, others = own.all_calls.partition { own.runs_certainly?(it) }
    expect(certain.map { it.target.label.split("#").last }).to match_array(%w[first taking run leaving])
    expect(others.map { it.target.label.split("#").last }).to match_array(%w[second run])
  end

  it "keeps what local variables are that are set once, for the blocks within" do
    own = routine_of("def run\na = 1\nb = 1\nb = 2\n[a, b].map { a + b }\nend")
    expect(own.settled.values.map(&:object)).to eq([1])
  end
end
