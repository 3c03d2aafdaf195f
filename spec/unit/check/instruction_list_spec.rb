# frozen_string_literal: true

require "tmpdir"
require "kino/check/instruction_list"
require "support/check_source"

RSpec.describe Kino::Check::InstructionList do
  include CheckSource

  def listing(source) = described_class.of(method_of(source))

  # The position of the first instruction of that kind.
  def first(listing, kind) = listing.instructions.index { it.op == kind }

  describe "of code" do
    it "is that of a method, unbound or not, or of a proc" do
      method = method_of("def run = 1")
      [method, method.bind(Shop::Subject.new), -> { 1 }].each do |code|
        expect(described_class.of(code).instructions.map(&:op)).to eq(%i[putobject leave])
      end
    end

    it "is none where it is not in Ruby, or is Ruby's own, or an accessor" do
      accessor = Class.new { attr_accessor :list }
      [String.instance_method(:upcase), Kernel.instance_method(:tap), accessor.instance_method(:list),
       accessor.instance_method(:list=), :upcase.to_proc].each do |code|
        expect(described_class.of(code)).to be_nil
      end
    end

    it "is that of the method behind an alias" do
      method = method_of("def other = 1\nalias run other")
      expect(described_class.of(method).place).to eq("app.rb:2")
    end

    it "is that of the block of define_method" do
      expect(listing("define_method(:run) { 1 }").type).to eq(:block)
      expect(listing("def run = 1").type).to eq(:method)
    end
  end

  describe "a place" do
    it "is the file and line of an instruction, or where the code begins" do
      own = listing("def run\n  1\n  self\nend")
      expect([own.place, own.place(-1), own.place(first(own, :putself))]).to eq(%w[app.rb:2 app.rb:2 app.rb:4])
    end

    it "is told from the working directory" do
      Dir.mktmpdir do |directory|
        directory = File.realpath(directory)
        File.write("#{directory}/part.rb", "Object.new.tap { |part|\n def part.run = 1 }")
        part = eval(File.read("#{directory}/part.rb"), nil, "#{directory}/part.rb") # rubocop:disable Security/Eval
        expect(described_class.of(part.method(:run)).place).to eq("#{directory}/part.rb:2")
        Dir.chdir(directory) { expect(described_class.of(part.method(:run)).place).to eq("part.rb:2") }
      end
    end

    it "is what eval says where there is no file" do
      block = eval("-> { 1 }") # rubocop:disable Style/EvalWithLocation
      expect(described_class.of(block).place).to match(/\A\(eval at .*instruction_list_spec\.rb:\d+\):1\z/)
    end
  end

  it "has the operand that some instructions have in their name" do
    own = listing("def run(a)\n  b = 0\n  c = 1\n  [1].each { a = b }\nend")
    expect(own.instructions.select { it.op == :putobject }.map(&:operands)).to include([0], [1])
    inner = own.nested(own.instructions.find { it.op == :send }.operands[1])
    expect(inner.instructions.map { [it.op, it.operands.last] }).to include([:getlocal, 1], [:setlocal, 1])
  end

  describe "a local variable" do
    def set(source) = listing(source).then { |own| [own, own.index(0)] }

    it "that is a parameter is kept if nothing sets it, in a block or a rescue either" do
      ["def run(a) = a", "def run(a) = [1].each { |b| a }"].each do |source|
        own, index = set(source)
        expect(own.kept?(index)).to be(true)
      end
      ["a = 1", "[1].each { [2].each { a = 1 } }", "begin; 1; rescue => a; end", "a += 1",
       "begin; 1; rescue; a = 1; end"].each do |code|
        own, index = set("def run(a)\n#{code}\nend")
        expect(own.kept?(index)).to be(false), code
      end
    end

    it "is settled if it is set once" do
      expect(["b = 1\nb", "b = 1\nb = 2", "b = 1\n[1].each { b = 2 }"].map do |code|
        own, index = set("def run\n#{code}\nend")
        own.settled?(index)
      end).to eq([true, false, false])
    end

    it "of a block is another than the one around it that has the same place" do
      own, index = set("def run(a) = [1].each { |b| b = 2 }")
      expect(own.kept?(index)).to be(true)
    end
  end

  it "knows the stretches that are caught, and where it goes on behind them" do
    own = listing("def run\n  self\nrescue ArgumentError\n  nil\nend")
    caught = own.catches.find { it.type == :rescue }
    expect(caught).to include(first(own, :putself))
    expect(caught).not_to include(caught.to)
    expect(caught.handler.type).to eq(:rescue)
    expect(own).to be_leader(caught.target)
  end

  it "knows where code may go on from elsewhere" do
    own = listing("def run(a) = a ? 1 : 2")
    target = own.position(own.instructions[first(own, :branchunless)].operands[0])
    expect([own.leader?(target), own.leader?(0)]).to eq([true, false])
  end

  it "has one list for a block within it, however often it is asked" do
    own = listing("def run = [1].each { 1 }")
    code = own.instructions.find { it.op == :send }.operands[1]
    expect(own.nested(code)).to equal(own.nested(code))
  end

  it "knows whether the block is a parameter" do
    expect([listing("def run(&block) = block"), listing("def run = yield")].map(&:block_parameter?))
      .to eq([true, false])
  end
end
