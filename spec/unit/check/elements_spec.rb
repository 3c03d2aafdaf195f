# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::Elements do
  include CheckSource

  let(:around) do
    <<~RUBY
      class One; def self.run = $a; end
      class Two; def self.run = $b; end
      ROUTES = { "/one" => One, two: Two }.freeze
      LIST = [One, Two].freeze
      PAIRS = [[1, One], [2, Two]].each(&:freeze).freeze
      class Own < Hash; def [](_) = One; end
      OWN = Own[{ two: Two }].freeze
      KEYED = { 1 => One }.freeze
    RUBY
  end
  let(:both) { { "$a is read" => :possible, "$b is read" => :possible } }
  let(:first) { { "$a is read" => :certain } }

  it "are the one that a key names" do
    ["ROUTES[\"/one\"].run", "ROUTES.fetch(\"/one\").run", "KEYED[1].run", "path = \"/one\"\nROUTES[path].run"]
      .each { |code| expect(said_of(code, around)).to eq(first), code }
  end

  it "are any where the key is not known" do
    ["ROUTES[env].run", "ROUTES.fetch(env).run", "LIST[env].run", "LIST.find { 1 }.run", "LIST.sample.run"]
      .each { |code| expect(said_of(code, around).keys).to match_array(both.keys), code }
  end

  it "are what a block is called with" do
    ["LIST.each { |part| part.run }", "LIST.map { it.run }", "ROUTES.each { |_, part| part.run }",
     "PAIRS.each { |_, part| part.run }", "ROUTES.each_pair { |_, part| part.run }"].each do |code|
      expect(said_of(code, around)).to eq(both), code
    end
  end

  it "are left to a class that has its own way" do
    expect(said_of("OWN[:two].run", around)).to eq(first)
    around = "class One; def self.run = $a; end\nclass Own < Hash; def values = raise(\"asked\"); end\n" \
             "OWN = Own[{ one: One }].freeze"
    expect(said_of("OWN[env].run\nOWN[:one].run", around)).to eq({})
  end

  it "are not known where there are too many" do
    most = Kino::Check::Values::Union::LIMIT
    around = "class One; def self.run = $a; end\nMOST = Array.new(#{most}, One).freeze\n" \
             "PARTS = [*Array.new(#{most + 1}) { :\"a\#{it}\" }, One].freeze"
    expect(said_of("MOST[env].run", around).keys).to eq(first.keys)
    expect(said_of("PARTS[env].run", around)).to eq({})
  end

  it "ask no key of the app's own for its hash" do
    around = "class Key; def hash = raise(\"asked\"); def eql?(_) = raise(\"asked\"); end\nKEY = Key.new.freeze\n" \
             "class One; def self.run = $a; end\nROUTES = { a: One }.freeze"
    expect(said_of("ROUTES[KEY].run", around).keys).to eq(first.keys)
  end
end
