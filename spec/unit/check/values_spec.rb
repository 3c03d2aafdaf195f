# frozen_string_literal: true

require "kino/check/values"

RSpec.describe Kino::Check::Values do
  # Says that it is everything, if asked.
  let(:equal_to_all) do
    Class.new do
      def ==(_other) = raise("asked")
      alias_method :eql?, :==
      alias_method :equal?, :==
      def hash = raise("asked")
    end
  end

  def known(object) = described_class::Known.new(object)
  def made(type = Object, **) = described_class::NewObject.new(type, **)
  def tuple(*elements) = described_class::Tuple.new(elements)

  let(:unknown) { described_class::UNKNOWN }

  describe "a known object" do
    it "is the same as itself only, whatever it says of itself" do
      one, other = Array.new(2) { equal_to_all.new }
      expect([known(one).same?(known(one)), known(one).same?(known(other))]).to eq([true, false])
      expect([known("a").same?(known(+"a")), known(1).same?(known(1.0)), known(nil).same?(unknown)])
        .to eq([false, false, false])
    end

    it "is true or false as Ruby takes it, without asking it" do
      expect([nil, false, true, 0, "", equal_to_all.new].map { |object| known(object).truth })
        .to eq([false, false, true, true, true, true])
    end

    it "is called what it is, unless there is a name for it" do
      expect([known([]).label, described_class::Known.new([], "LIST").label]).to eq(["an Array", "LIST"])
    end

    it "has the methods of the object" do
      expect(known([]).method(:push).owner).to equal(Array)
      expect(known(Array).method(:push)).to be_nil
    end
  end

  describe "an object that would be made" do
    it "is the same as itself only, and never false" do
      one = made
      expect([one.same?(one), one.same?(made), one.truth]).to eq([true, false, true])
    end

    it "has the methods of its class, and the name" do
      expect([made(Array).method(:push).owner, made(Array).label]).to eq([Array, "Array"])
    end

    it "knows a String that is written out" do
      expect(made(String, literal: "a").literal).to eq("a")
    end
  end

  it "takes two array literals for the same if their elements are" do
    expect(tuple(known(1), known(2)).same?(tuple(known(1), known(2)))).to be(true)
    expect(tuple(known(1)).same?(tuple(known(2)))).to be(false)
    expect(tuple(known(1)).same?(tuple(known(1), known(2)))).to be(false)
    expect(tuple(known(1)).label).to eq("Array")
  end

  it "knows nothing of what is unknown" do
    expect([unknown.truth, unknown.method(:to_s), unknown.label]).to eq([nil, nil, "an object"])
    expect(described_class.each(unknown)).to eq([])
  end

  describe "one of several" do
    let(:joined) { described_class.join(known(1), known(nil)) }

    it "is what two ways come to" do
      expect(described_class.each(joined).map(&:object)).to eq([1, nil])
      expect(described_class.each(known(1)).map(&:object)).to eq([1])
    end

    it "is true or false only if all are" do
      expect(joined.truth).to be_nil
      expect(described_class.join(known(1), made).truth).to be(true)
      expect(described_class.join(known(nil), known(false)).truth).to be(false)
    end

    it "is unknown if one of them is" do
      expect([described_class.join(known(1), unknown), described_class.join(unknown, joined)]).to all(equal(unknown))
    end

    it "gains nothing from what it is already, so that going round comes to an end" do
      expect(described_class.join(joined, known(1))).to equal(joined)
      expect(described_class.join(joined, described_class.join(known(nil), known(1)))).to equal(joined)
    end

    it "is the same as another of the same, in whichever order" do
      expect(joined.same?(described_class.join(known(nil), known(1)))).to be(true)
      expect(joined.same?(described_class.join(joined, known(2)))).to be(false)
    end

    it "is just the one if there is no other" do
      expect(described_class.several([known(1), known(1)]).object).to eq(1)
      expect(described_class.several([])).to equal(unknown)
    end

    it "is unknown if there are too many" do
      most = described_class::Union::LIMIT
      expect(described_class.several(Array.new(most) { known(it) }).values.size).to eq(most)
      expect(described_class.several(Array.new(most + 1) { known(it) })).to equal(unknown)
    end
  end

  it "is covered by what it may be, and not by more" do
    both = described_class.join(known(1), known(2))
    expect(described_class.covers?(both, known(2))).to be(true)
    expect(described_class.covers?(known(2), both)).to be(false)
    expect(described_class.covers?(both, unknown)).to be(false)
  end
end
