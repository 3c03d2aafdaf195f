# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::Constants do
  include CheckSource

  def rows(code, around)
    found("#{around}\nmodule App\ndef self.call(env)\n#{code}\nend\nend").map { [it.cause, it.what, it.certainty] }
  end

  it "refuses those that hold what cannot be shared, and says what to do about that" do
    found = found("A = [1]\nB = +\"a\"\nC = -> {}\nD = $stdout\nmodule App; def self.call(_) = [A, B, C, D]; end")
    expect(found.map { [it.cause, it.what, it.certainty] })
      .to eq([[:constant, "A holds an Array"], [:constant, "B holds a String"], [:constant, "C holds a Proc"],
              [:unshareable, "D holds an IO"]].map { |cause, what| [cause, "Shop::#{what}", :certain] })
    expect(found.map(&:fix)).to match([/deeply frozen/, /freeze it/, /module or class/, /store_if_absent/])
  end

  it "refuses those only that are not frozen all the way down" do
    expect(rows("[A, B, C]", "A = [1, \"a\".freeze].freeze\nB = [[]].freeze\nC = Comparable"))
      .to eq([[:constant, "Shop::B holds an Array", :certain]])
  end

  it "names a constant as it is named where it stands" do
    around = "module Base; LIST = []; end\nmodule Inner; include Base; end"
    expect(rows("Inner::LIST\nShop::Base::LIST\n::Shop::Inner::LIST", around).map { it[1] }.uniq)
      .to eq(["Shop::Base::LIST holds an Array"])
  end

  it "is certain of none where it is not known which of two is meant" do
    allow(Kino::Check::Nesting).to receive(:of).and_return(nil)
    around = "LIST = []\nclass Part; def self.run = LIST; end"
    stub_const("LIST", [])
    expect(rows("Part.run", around).map { it[1..] })
      .to contain_exactly(["Shop::LIST holds an Array", :possible], ["LIST holds an Array", :possible])
  end

  it "follows a constant of what is known in another way" do
    expect(rows("inner = Inner\ninner::LIST", "module Inner; LIST = []; end"))
      .to eq([[:constant, "Shop::Inner::LIST holds an Array", :certain]])
    expect(rows("env::LIST\n1::LIST", "LIST = []")).to eq([])
  end

  it "does not load what is not loaded, and says that it may come to that" do
    expect(rows("Late.new\nLate::Part", "autoload :Late, \"/nowhere/late.rb\""))
      .to include([:not_loaded, "Shop::Late is not loaded yet", :possible])
    expect(Shop.autoload?(:Late)).to eq("/nowhere/late.rb")
  end

  it "loads none that there is not, and says that it is not found" do
    expect(rows("Nothing.new\nInner::Nothing", "module Inner; def self.const_missing(_) = raise(\"asked\"); end"))
      .to eq([[:cut, "Nothing is not found from here", :possible]])
  end

  it "refuses to set one to what cannot be shared" do
    code = "Object.then { Shop::NEW ||= [] }\nShop::OTHER ||= 1\nShop::THIRD ||= env"
    expect(rows(code, "")).to eq([[:constant_write, "NEW is set", :certain]])
  end
end
