# frozen_string_literal: true

require "kino/config/types"

RSpec.describe Kino::Config::Types do
  def coerce(type, value) = type.coerce(value) { :refused }

  describe described_class::Whole do
    subject(:type) { described_class.new(range: 1..1024, words: { "auto" => :auto, "none" => nil }) }

    { 1 => 1, 1024 => 1024, "7" => 7, "1_000" => 1000, "010" => 10,
      "auto" => :auto, :auto => :auto, "none" => nil, nil => nil }.each do |given, expected|
      it("takes #{given.inspect}") { expect(coerce(type, given)).to eql(expected) }
    end

    [0, 1025, -1, 2.0, 1.5, "", " 1", "1 ", "-1", "+1", "0x10", "1e3", "1__0", "1\n", :ten, [1], true,
     2**70].each do |given|
      it("refuses #{given.inspect}") { expect(coerce(type, given)).to eq(:refused) }
    end

    it "refuses nil where no word stands for it" do
      expect(coerce(described_class.new(range: 1..2), nil)).to eq(:refused)
    end

    it "names its words and bounds" do
      expect(type.expectation).to eq("auto or none or an integer from 1 to 1024")
    end
  end

  describe described_class::Seconds do
    subject(:type) { described_class.new }

    { 0 => 0.0, 5 => 5.0, 0.25 => 0.25, Rational(1, 4) => 0.25, "5" => 5.0, "1.5" => 1.5,
      31_536_000 => 31_536_000.0 }.each do |given, expected|
      it("takes #{given.inspect} as a Float") { expect(coerce(type, given)).to eql(expected) }
    end

    [-1, -0.1, Float::NAN, Float::INFINITY, 31_536_001, Complex(1, 1), nil, "", "1s", "-1", "1e3", "NaN", ".5", "5.",
     :five].each do |given|
      it("refuses #{given.inspect}") { expect(coerce(type, given)).to eq(:refused) }
    end
  end

  describe described_class::Choice do
    subject(:type) { described_class.new(words: %i[auto ractor], placeholder: "MODE") }

    it "takes a word as Symbol or String" do
      expect([coerce(type, :ractor), coerce(type, "ractor")]).to eq(%i[ractor ractor])
    end

    it "refuses everything else" do
      expect(["Ractor", "", nil, :threads, 1].map { |given| coerce(type, given) }).to all(eq(:refused))
    end
  end

  describe described_class::Flag do
    subject(:type) { described_class.new }

    { true => true, false => false, "on" => true, "off" => false }.each do |given, expected|
      it("takes #{given.inspect}") { expect(coerce(type, given)).to be(expected) }
    end

    ["", "yes", "true", "ON", nil, 0, 1, :on].each do |given|
      it("refuses #{given.inspect}") { expect(coerce(type, given)).to eq(:refused) }
    end
  end

  describe described_class::Name do
    subject(:type) { described_class.new }

    it "takes names as String or Symbol, and freezes a copy" do
      given = +"production"
      expect([coerce(type, given), coerce(type, :test)]).to eq(%w[production test])
      expect([coerce(type, given).frozen?, given.frozen?]).to eq([true, false])
    end

    it "refuses what an environment variable could not hold well" do
      expect(["", "a b", "a\0b", "a\nb", nil, 1].map { |given| coerce(type, given) }).to all(eq(:refused))
    end
  end

  describe described_class::Bind do
    subject(:type) { described_class.new }

    it "takes what Address takes, and refuses the rest" do
      expect(coerce(type, "tcp://[::1]:80")).to eq("tcp://[::1]:80")
      expect(["", "a b", nil, 1, :localhost].map { |given| coerce(type, given) }).to all(eq(:refused))
    end
  end

  describe described_class::Callable do
    subject(:type) { described_class.new }

    it "takes what can be called, as it is, and nil for nothing" do
      given = [-> {}, Module.new { def self.call = nil }, method(:coerce), nil]
      expect(given.map { |value| coerce(type, value) }).to match(given.map { |value| be(value) })
    end

    it "refuses everything else" do
      expect(["puts", :puts, 1, false, [], {}].map { |given| coerce(type, given) }).to all(eq(:refused))
    end

    it "has no flag, and says what it takes" do
      expect([type.flag?, type.expectation]).to eq([false, "nil or something with a method call, such as a Proc"])
    end
  end
end
