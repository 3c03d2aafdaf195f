# frozen_string_literal: true

require "kino/check/surroundings"

RSpec.describe Kino::Check::Surroundings do
  let(:holder) do
    Class.new do
      def self.plain = -> { self }
      def self.shared(one = nil, two = nil) = Ractor.make_shareable(-> { [self, one, two] })
      def self.nested(one) = [1].map { |number| Ractor.make_shareable(-> { [number, one] }) }.first
    end
  end

  def objects(value) = Kino::Check::Values.each(value).map(&:object)

  it "finds self, of a Proc that has a binding and of one that was made shareable" do
    expect(described_class.receiver(holder.plain).object).to equal(holder)
    expect(described_class.receiver(holder.shared("a", "b")).object).to equal(holder)
  end

  it "does not know it where nothing keeps it, as one that was made of a Symbol" do
    expect(described_class.receiver(:size.to_proc)).to be(Kino::Check::Values::UNKNOWN)
  end

  it "finds the modules around, in both" do
    TOPLEVEL_BINDING.eval("module Shop; def self.plain = -> {}; def self.shared = Ractor.make_shareable(-> {}); end")
    expect([Shop.plain, Shop.shared].map { |block| described_class.nesting(block) }).to eq([[Shop], [Shop]])
  ensure
    Object.send(:remove_const, :Shop)
  end

  it "finds the variables that a shareable one has kept, and is sure of none" do
    kept = described_class.kept(holder.shared("a", String))
    expect(kept).to be_a(Kino::Check::Values::Doubtful)
    expect(objects(kept)).to include("a", String)
  end

  it "finds those that are further out" do
    expect(objects(described_class.kept(holder.nested("a")))).to include("a")
  end

  it "does not go by variables that may change, nor by those that nothing keeps" do
    expect(described_class.kept(holder.plain)).to be(Kino::Check::Values::UNKNOWN)
    expect(described_class.kept(holder.shared(1, :two))).to be(Kino::Check::Values::UNKNOWN)
  end
end
