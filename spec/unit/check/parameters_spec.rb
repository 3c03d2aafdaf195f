# frozen_string_literal: true

require "kino/check/instruction_list"
require "kino/check/parameters"
require "support/check_source"

RSpec.describe Kino::Check::Parameters do
  include CheckSource

  def known(*objects) = objects.map { |object| Kino::Check::Values::Known.new(object) }
  def listing(source) = Kino::Check::InstructionList.of(method_of(source))

  # By name, what is known of them.
  def locals(source, *, **keywords)
    given(source, known(*), keywords.transform_values { |object| known(object).first })
  end

  def given(source, positional, keywords)
    method = method_of(source)
    own = Kino::Check::InstructionList.of(method)
    names = method.parameters.each_with_index.to_h { |(_, name), place| [own.index(place), name] }
    described_class.new(own, positional:, keywords:).locals.to_h { |index, value| [names.fetch(index), value.object] }
  end

  describe "arguments by their place" do
    it "are known" do
      expect(locals("def run(a, b) = 1", 1, 2)).to eq({ a: 1, b: 2 })
    end

    it "are optional ones from the left, and those behind them" do
      source = "def run(a, b = self, c = self, *d, e) = 1"
      expect(locals(source, 1, 9)).to eq({ a: 1, e: 9 })
      expect(locals(source, 1, 2, 9)).to eq({ a: 1, b: 2, e: 9 })
      expect(locals(source, 1, 2, 3, 4, 5, 9)).to eq({ a: 1, b: 2, c: 3, e: 9 })
    end

    it "are not known where their number is not, or is too small" do
      expect(given("def run(a) = 1", nil, nil)).to eq({})
      expect(locals("def run(a, b) = 1", 1)).to eq({})
    end

    it "are not known where they are anything" do
      expect(given("def run(a, b) = 1", [Kino::Check::Values::UNKNOWN, *known(1)], {})).to eq({ b: 1 })
    end
  end

  describe "keywords" do
    it "are known, or what they are if they are not given" do
      source = "def run(a, b:, c: 3, d: self) = 1"
      expect(locals(source, 1, b: 2)).to eq({ a: 1, b: 2, c: 3 })
      expect(locals(source, 1, b: 2, c: 4, d: 5)).to eq({ a: 1, b: 2, c: 4, d: 5 })
    end

    it "are a Hash for a method that takes none" do
      expect(locals("def run(a, b = self) = 1", 1, c: 2)).to eq({ a: 1 })
      expect(locals("def run(a, b) = 1", 1, c: 2)).to eq({ a: 1 })
    end

    it "are told to be given or not, where that is known" do
      own = listing("def run(b:, c: self, d: self) = 1")
      of = ->(keywords) { described_class.new(own, positional: [], keywords:) }
      expect([0, 1].map { of.call({ c: known(1).first }).given?(it) }).to eq([true, false])
      expect(of.call(nil).given?(0)).to be_nil
    end
  end

  describe "where the code begins" do
    let(:own) { listing("def run(a, b = self, c = self) = 1") }

    def entries(count) = described_class.new(own, positional: known(*Array.new(count, 1)), keywords: {}).entries

    it "is behind the defaults of what is given" do
      starts = [1, 2, 3].map { entries(it) }
      expect(starts).to match([[0], [be_positive], [be > starts[1][0]]])
    end

    it "is at any of them where the number is not known" do
      expect(described_class.new(own).entries).to eq([1, 2, 3].flat_map { entries(it) })
    end

    it "is the beginning where there are no defaults" do
      expect(described_class.new(listing("def run(a) = 1")).entries).to eq([0])
    end
  end

  it "tells calls apart by what they are given" do
    own = listing("def run(a, b = self) = 1")
    object = +"a"
    token = ->(*objects) { described_class.new(own, positional: known(*objects), keywords: {}).token }
    expect(token.call(object)).to eq(token.call(object))
    expect([token.call(+"a"), token.call(object, 1)]).not_to include(token.call(object))
  end

  describe "of a block, that is called with elements" do
    def of_elements(block, *elements)
      own = Kino::Check::InstructionList.of(block)
      values = described_class.of_elements(own, elements).locals
      block.parameters.each_index.map { |place| Kino::Check::Values.each(values[own.index(place)]).map(&:object) }
    end

    it "are one of them" do
      expect(of_elements(proc { |a| a }, 1, 2)).to eq([[1, 2]])
    end

    it "are parts of one of them where there are several" do
      expect(of_elements(proc { |a, b| [a, b] }, [1, 2], [3])).to eq([[1, 3], [2, nil]])
      expect(of_elements(proc { |a, b| [a, b] }, [1, 2], 5)).to eq([[1, 5], [2, nil]])
    end

    it "are not known where there are none" do
      own = Kino::Check::InstructionList.of(proc { |a| a })
      expect([nil, []].map { described_class.of_elements(own, it).locals }).to eq([{}, {}])
    end
  end
end
