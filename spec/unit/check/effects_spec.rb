# frozen_string_literal: true

require "kino/check/effects"
require "kino/check/instruction_list"
require "kino/check/reader"

RSpec.describe Kino::Check::Effects do
  # What the reader takes itself, by the operands.
  steps = { putself: [0, 1], putobject: [0, 1], putchilledstring: [0, 1], getlocal: [0, 1], setlocal: [1, 0],
            dup: [1, 2], leave: [1, 0], getconstant: [2, 1], opt_getconstant_path: [0, 1], setglobal: [1, 0],
            getinstancevariable: [0, 1], setinstancevariable: [1, 0], swap: [2, 2], getblockparamproxy: [0, 1],
            getglobal: [0, 1], opt_plus: [2, 1], opt_aref: [2, 1], opt_length: [1, 1], opt_lt: [2, 1],
            opt_ltlt: [2, 1], opt_not: [1, 1], opt_empty_p: [1, 1], opt_aset: [3, 1] }

  def depth(code, steps)
    listing = Kino::Check::InstructionList.new(RubyVM::InstructionSequence.compile(code).to_a)
    listing.instructions.reduce(0) do |depth, instruction|
      taken, put = described_class.of(instruction) || steps[instruction.op] || counted(instruction)
      raise "#{instruction.op} is not known" unless taken
      raise "#{instruction.op} takes what is not there" if taken > depth

      depth - taken + put
    end
  end

  # Those whose operands say how many there are.
  def counted(instruction)
    operand = instruction.operands.first
    case instruction.op
    when :newarray then [operand, 1]
    when :topn then [0, 1]
    when :dupn then [operand, operand * 2]
    when :setn then [0, 0]
    when :opt_reverse then [operand, operand]
    when :opt_send_without_block, :send
      [operand[:orig_argc] + operand.fetch(:kw_arg, []).size + 1 + (operand[:flag].anybits?(2) ? 1 : 0), 1]
    end
  end

  codes = [
    "x = 1; \"a\#{x}b\"", "x = 1; :\"a\#{x}\"", "x = 1; /a\#{x}b/", "x = 1; `a\#{x}`", "x = [1]; [*x, 2, *x]",
    "x = [1]; [*x]", "x = [1]; a, b, *c = x; a", "a, (b, c), d = [1, [2, 3], 4]; a", "a, *b, c = [1, 2, 3]; b",
    "x = 1; (x..2)", "x = 1; (x...)", "x = { a: 1 }; { b: 2, **x }", "x = 1; { a: x, b: 2 }", "[1, 2]", "{ a: 1 }",
    "def foo; end", "def self.foo; end", "class Foo; end", "module Foo; end", "class << self; end", "alias foo puts",
    "undef foo", "$~", "$1", "defined?(foo)", "x = 1; [x, 2].max", "x = 1; [x, 2].hash", "x = 1; [1, x].include?(x)",
    "[].freeze", "{}.freeze", "\"a\".freeze", "-\"a\"", "x = 1; foo(*x)", "x = 1; foo(1, *x, 2)", "x = {}; foo(**x)",
    "x = {}; foo(a: 1, **x)", "x = 1; foo(a: x)", "x = 1; foo(&x)", "x = 1; x.foo = 1", "x = [1]; x[*x]",
    "x = [1]; x[1] = 2", "x = 1; x in Integer", "x = 1; x => Integer", "BEGIN { 1 }; 2", "->(a) { a }", "END { 1 }"
  ]

  # Ways that part do not say how deep the stack is at their end by counting.
  straight = codes.reject do |code|
    list = Kino::Check::InstructionList.new(RubyVM::InstructionSequence.compile(code).to_a)
    list.instructions.any? { %i[branchif branchunless jump branchnil once throw].include?(it.op) }
  end

  straight.each do |code|
    it "leaves one value of #{code}" do
      # `leave` takes it.
      expect(depth(code, steps)).to eq(0)
    end
  end

  it "is tried on most of that" do
    expect(straight.size).to be > codes.size - 8
  end

  it "is known of every instruction of this Ruby, or the reader takes it itself" do
    forms = /\A(trace_|zjit_)|_WC_[01]\z|_INT2FIX_|\A(leave|jump|branch\w+)\z/
    names = RubyVM::INSTRUCTION_NAMES.grep_v(forms).map(&:to_sym)
    expect(names - described_class::TABLE.keys - Kino::Check::Reader::STEPS.keys).to eq([])
  end

  it "is not known of an instruction that there is not" do
    instruction = Kino::Check::InstructionList::Instruction.new(op: :none, operands: [1], line: 1)
    expect(described_class.of(instruction)).to be_nil
  end
end
