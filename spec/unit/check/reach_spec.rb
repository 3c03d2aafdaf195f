# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::Reach do
  include CheckSource

  def findings(source, **) = described_class.new(routine_of(source)).findings(**)
  def rows(source) = findings(source).map { [it.what, it.certainty, it.path.gsub("Shop::Subject#", "")] }

  it "says what, how certain, where, on which way, and what to do" do
    finding, = findings("def run = first\ndef first\n  $a\nend")
    expect(finding).to have_attributes(cause: :global, certainty: :certain, what: "$a is read", place: "app.rb:4",
                                       path: "Shop::Subject#run -> Shop::Subject#first",
                                       fix: Kino::Check::Causes::ALL.fetch(:global).fix)
  end

  it "is certain only of what is certain all the way" do
    expect(rows("def run(a) = a ? first : second\ndef first = $a\ndef second = 1"))
      .to eq([["$a is read", :possible, "run -> first"]])
    expect(rows("def run = first(self)\ndef first(a) = (a.hash == 1) && $a"))
      .to eq([["$a is read", :possible, "run -> first"]])
  end

  it "has what is certain first" do
    expect(rows("def run(a)\n$a if a\n$b\nend").map { it.first(2) })
      .to eq([["$b is read", :certain], ["$a is read", :possible]])
  end

  it "takes the certain way before a shorter one" do
    expect(rows("def run(a)\nlast if a\nfirst\nend\ndef first = last\ndef last = $a"))
      .to eq([["$a is read", :certain, "run -> first -> last"]])
  end

  it "takes the shortest of the ways that are certain" do
    expect(rows("def run\nfirst\nlast\nend\ndef first = last\ndef last = $a"))
      .to eq([["$a is read", :certain, "run -> last"]])
  end

  it "says a thing once of a place, and of each place" do
    source = "def run\n$a; $a\n$a\nend"
    expect(findings(source).map(&:place)).to eq(%w[app.rb:3 app.rb:4])
  end

  it "names a method once for the blocks in it" do
    expect(rows("def run = tap { tap { $a } }")).to eq([["$a is read", :certain, "run"]])
  end

  it "leaves out the middle of a long way" do
    source = (0..9).map { |number| "def m#{number} = m#{number + 1}" }.join("\n")
    expect(rows("def run = m0\n#{source}\ndef m10 = $a").map(&:last))
      .to eq(["run -> m0 -> m1 -> m2 -> ... -> m7 -> m8 -> m9 -> m10"])
  end

  it "goes round where methods call each other" do
    expect(rows("def run(a) = a ? $a : other(a)\ndef other(a) = run(a)")).to eq([["$a is read", :possible, "run"]])
  end

  it "says last that there was more to read" do
    found = findings("def run = $a", cut: "there is more")
    expect(found.map { [it.cause, it.certainty, it.place, it.path] })
      .to eq([[:global, :certain, "app.rb:2", "Shop::Subject#run"], [:cut, :possible, nil, "Shop::Subject#run"]])
  end
end
