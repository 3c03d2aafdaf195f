# frozen_string_literal: true

require "kino/check/captures"

RSpec.describe Kino::Check::Captures do
  # So that self is no example.
  def held(&) = described_class.of(nil.instance_eval(&))

  it "is self, and the local variables that the code names" do
    used = held do
      list = []
      unused = 1
      _ = unused
      -> { list }
    end
    expect(used).to eq({ "self" => nil, "list" => [] })
  end

  it "is self as the proc has it" do
    around = self
    expect(described_class.of(-> {})).to eq({ "self" => around })
  end

  it "is a variable that is only set" do
    expect(held { (count = 0).then { -> { count = 1 } } }.keys).to eq(%w[self count])
  end

  it "is a variable from further out, or named by a block further in" do
    used = held do
      far = 1
      [2].map { |near| -> { [3].each { |own| [far, near, own] } } }.first
    end
    expect(used).to eq({ "self" => nil, "far" => 1, "near" => 2 })
  end

  it "is a block that was passed on" do
    def taking(&block) = -> { block.call }
    block = proc {}
    expect(described_class.of(taking(&block))).to eq({ "self" => self, "block" => block })
  end

  it "is not a parameter or a variable of its own" do
    expect(held { ->(env) { (own = env) && own } }).to eq({ "self" => nil })
  end

  it "is what the variable holds now" do
    list = []
    block = -> { list }
    list = [1]
    expect(described_class.of(block)).to include("list" => [1])
  end

  it "is the receiver of a method" do
    expect(described_class.of([1].method(:push).to_proc)).to eq({ "self" => [1] })
  end

  it "is not known of a Symbol, or of what was made shareable" do
    shared = Ractor.make_shareable(nil.instance_eval { proc {} })
    expect([:upcase.to_proc, shared].map { |block| described_class.of(block) }).to all(eq({}))
  end

  it "runs nothing" do
    ran = false
    described_class.of(-> { ran = true })
    expect(ran).to be(false)
  end
end
