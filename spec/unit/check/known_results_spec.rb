# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::KnownResults do
  include CheckSource

  let(:around) do
    "class Part; def run = 1; end\nclass Sub < Part; end\nPART = Part.new.freeze\nOTHER = 1\n" \
      "module App\ndef self.flag = false\nend"
  end

  # :yes and :no where the condition is known to be so, else both.
  def truth(condition)
    said_of("if #{condition}\n$yes\nelse\n$no\nend", around).keys.map { it[/\w+/].to_sym }
  end

  it "knows the type of what is there, and of what would be made" do
    { "PART.is_a?(Part)" => :yes, "PART.kind_of?(Comparable)" => :no, "PART.instance_of?(Object)" => :no,
      "Sub.new.is_a?(Part)" => :yes, "Sub.new.instance_of?(Part)" => :no, "Part === PART" => :yes,
      "Part === OTHER" => :no, "PART.class == Part" => %i[yes no], "env.is_a?(Object)" => %i[yes no],
      "PART.is_a?(env)" => %i[yes no] }.each do |condition, answers|
      expect(truth(condition)).to match_array(answers), condition
    end
  end

  it "takes the branch of a `case` that is known" do
    expect(said_of("case PART\nwhen Comparable then $a\nwhen Part then $b\nelse $c\nend", around))
      .to eq({ "$b is read" => :certain })
  end

  it "knows whether there is such a method" do
    { "PART.respond_to?(:run)" => :yes, "PART.respond_to?(\"walk\")" => :no, "Part.new.respond_to?(:walk)" => :no,
      "PART.respond_to?(env)" => %i[yes no] }.each do |condition, answers|
      expect(truth(condition)).to match_array(answers), condition
    end
  end

  it "knows what is nil, false or frozen" do
    { "!PART" => :no, "!flag" => :yes, "PART.nil?" => :no, "nil.nil?" => :yes, "env.nil?" => %i[yes no],
      "PART.frozen?" => :yes, "(env ? 1 : nil).nil?" => %i[yes no] }.each do |condition, answers|
      expect(truth(condition)).to match_array(answers), condition
    end
  end

  it "knows that a request is not in the main Ractor" do
    expect(truth("Ractor.main?")).to eq([:no])
  end

  it "does not take the word of a class that answers itself" do
    own = "class Part; def is_a?(_) = hash == 1; def respond_to?(*) = hash == 1; def nil? = hash == 1\nend"
    questions = ["PART.is_a?(Part)", "PART.respond_to?(:run)", "PART.nil?", "Part.new.nil?", "(env ? PART : nil).nil?"]
    questions.each do |condition|
      found = said_of("if #{condition}\n$yes\nelse\n$no\nend", "#{around}\n#{own}")
      expect(found.keys).to contain_exactly("$yes is read", "$no is read"), condition
    end
  end

  it "knows the object that comes of `freeze`, `itself` and `tap`" do
    around = "class Part; def self.run = $a; end"
    ["Part.itself.run", "Part.freeze.run", "Part.tap { 1 }.run"].each do |code|
      expect(said_of(code, around)).to eq({ "$a is read" => :certain }), code
    end
  end

  it "knows what a proc returns" do
    expect(said_of("CODE.call.run", "class Part; def self.run = $a; end\nCODE = -> { Part }"))
      .to include("$a is read" => :certain)
  end
end
