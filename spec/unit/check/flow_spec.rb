# frozen_string_literal: true

require "kino/check/flow"
require "kino/check/instruction_list"
require "support/check_source"

RSpec.describe Kino::Check::Flow do
  include CheckSource

  # Goes through the code, and takes of each branch both ways. Marks are the method's calls of no argument.
  def flow(source, entries: [0])
    @listing = Kino::Check::InstructionList.of(method_of(source))
    @steps = []
    described_class.new(@listing, entries, {}) do |position, _state|
      @steps << position
      targets(@listing.instructions.fetch(position), position)
    end.run
  end

  def targets(instruction, position)
    case instruction.op
    when :branchif, :branchunless then [@listing.position(instruction.operands[0]), position + 1]
    when :jump then [@listing.position(instruction.operands[0])]
    when :leave then []
    end
  end

  def marks(&) = @listing.instructions.each_index.select { mark(it) }.select(&).map { mark(it) }

  def mark(position)
    call = @listing.instructions[position].operands.first
    call[:mid] if call.is_a?(Hash) && call[:orig_argc]&.zero? && @listing.instructions[position].op != :opt_not
  end

  def certain(source) = flow(source).then { |done| marks { |position| done.certain?(position) } }
  def reached(source) = flow(source).then { |done| marks { |position| done.reached?(position) } }

  it "is certain of what comes one after the other" do
    expect(certain("def run\na\nb\nend")).to eq(%i[a b])
  end

  it "is certain of what comes before and behind a branch, not of what is in it" do
    expect(certain("def run\nif a\nb\nelse\nc\nend\nd\nend")).to eq(%i[a d])
  end

  it "is not certain of what comes behind an early end" do
    expect(certain("def run\nreturn if a\nb\nend")).to eq([:a])
  end

  it "is certain of the condition of a loop, not of what is in it" do
    expect(certain("def run\nwhile a do b end\nc\nend")).to eq(%i[a c])
    expect(certain("def run\nbegin; b; end while a\nc\nend")).to match_array(%i[a b c])
  end

  it "is certain only of the beginning of what does not end" do
    expect(certain("def run\na\nb while true\nend")).to eq([:a])
  end

  it "is not certain of what may be left by a rescue, nor of that" do
    expect(certain("def run\na\nbegin\nb\nc\nrescue\nd\nend\ne\nend")).to include(:a, :e)
    expect(certain("def run\na\nbegin\nif b then c end\nrescue\nd\nend\ne\nend")).not_to include(:c, :d)
  end

  it "does not reach what is behind an end" do
    expect(reached("def run\na\nreturn 1\nb\nend")).to eq([:a])
  end

  it "reaches what is behind a rescue, from all that it guards" do
    expect(reached("def run\nbegin\nreturn a\nrescue\n1\nend\nb\nend")).to eq(%i[a b])
  end

  it "goes from each place where the code may begin" do
    source = "def run(x = a)\nb\nend"
    labels = Kino::Check::InstructionList.of(method_of(source)).then { |own| own.params[:opt].map { own.position(it) } }
    done = flow(source, entries: labels)
    expect(marks { done.certain?(it) }).to eq([:b])
    expect(marks { done.reached?(it) }).to eq(%i[a b])
    done = flow(source, entries: labels.last(1))
    expect(marks { done.reached?(it) }).to eq([:b])
  end

  it "comes to an end where code goes in circles" do
    flow("def run\nwhile a\nwhile b\nnext if c\nredo_it\nend\nend\nend")
    expect(@steps.size).to be < @listing.instructions.size * 4
  end

  it "is quick with much code" do
    body = Array.new(300) { |number| "if a#{number} then b#{number} end" }.join("\n")
    expect(certain("def run\n#{body}\nend")).to eq(Array.new(300) { :"a#{it}" })
  end

  describe "what is on the stack" do
    let(:unknown) { Kino::Check::Values::UNKNOWN }

    def known(object) = Kino::Check::Values::Known.new(object)
    def state(stack, locals = {}) = described_class::State.new(stack, locals)

    it "is unknown below its end" do
      one = known(1)
      own = state([one])
      expect(own.take(2)).to eq([unknown, one])
      expect([own.pop, own.peek, own.peek(3)]).to all(equal(unknown))
    end

    it "is taken in the order in which it was put there" do
      one, two, three = [1, 2, 3].map { known(it) }
      own = state([one, two, three])
      expect([own.peek, own.peek(2)]).to eq([three, one])
      expect([own.take(2), own.stack]).to eq([[two, three], [one]])
    end

    it "is what two ways have in common" do
      joined = state([known(0), known(1)], { 3 => known(1), 4 => known(2) }).join(state([known(2)], { 3 => known(1) }))
      expect(joined.stack.map { |value| value.values.map(&:object) }).to eq([[1, 2]])
      expect(joined.locals.transform_values(&:object)).to eq({ 3 => 1 })
    end

    it "is the same if all of it is" do
      own = state([known(1)], { 3 => known(2) })
      expect(own.same?(state([known(1)], { 3 => known(2) }))).to be(true)
      others = [state([known(2)], { 3 => known(2) }), state([known(1)], { 3 => known(1) }), state([known(1)], {}),
                state([known(1)], { 4 => known(2) }), state([], { 3 => known(2) })]
      expect(others.map { own.same?(it) }).to all(be(false))
    end

    it "is not that of a copy" do
      own = state([known(1)], { 3 => known(2) })
      other = own.copy
      other.pop
      other.locals.clear
      expect([own.stack.size, own.locals.size]).to eq([1, 1])
    end
  end
end
