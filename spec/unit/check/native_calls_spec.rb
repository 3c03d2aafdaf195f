# frozen_string_literal: true

require "tempfile"
require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::NativeCalls do
  include CheckSource

  describe "a method that only the main Ractor may call" do
    it "is refused, and why" do
      expect(said_of("\"a\".unicode_normalize"))
        .to eq({ "String.unicode_normalize is called: it uses UnicodeNormalize::REGEXP_D" => :certain })
    end

    it "is refused on any String that is known" do
      expect(said_of("NAME.unicode_normalize if env", "NAME = \"a\".freeze").keys.first)
        .to start_with("Shop::NAME.unicode_normalize is called")
    end
  end

  describe "a change" do
    it "is refused of what is frozen" do
      expect(said_of("LIST << 1\nHASH[:a] = 1\nTEXT.upcase!",
                     "LIST = [].freeze\nHASH = {}.freeze\nTEXT = \"a\".freeze"))
        .to eq({ "Shop::LIST is changed (<<), and it is frozen" => :certain,
                 "Shop::HASH is changed ([]=), and it is frozen" => :certain,
                 "Shop::TEXT is changed (upcase!), and it is frozen" => :certain })
    end

    it "is only possible where it may find nothing to change" do
      expect(said_of("LIST.delete(env)", "LIST = [].freeze"))
        .to eq({ "Shop::LIST is changed (delete), and it is frozen" => :possible })
    end

    it "is nothing of what the request makes, or to read" do
      expect(said_of("[] << 1\n{}[:a] = 1\nList.new << 1\nLIST.map { 1 }\nLIST.dup << 1",
                     "LIST = [].freeze\nclass List < Array; end")).to eq({})
    end

    it "is that of the class's own method, where it has one" do
      expect(said_of("LIST << 1", "class List < Array; def <<(_) = $a; end\nLIST = List.new.freeze"))
        .to eq({ "$a is read" => :certain })
    end
  end

  it "may be refused as one of an extension that does not say that it is safe" do
    features = $LOADED_FEATURES.dup
    Tempfile.create(["gadget", ".so"]) do |file|
      file.write("\0Shop\0Gadget\0hash\0")
      file.close
      $LOADED_FEATURES << file.path
      # As one in C has it, that its own class defines.
      found = said_of("Gadget.new.hash", "class Gadget; define_method(:hash, Kernel.instance_method(:hash)); end")
      expect(found).to eq({ "Shop::Gadget.hash belongs to #{File.basename(file.path)}" => :possible })
    end
  ensure
    $LOADED_FEATURES.replace(features)
  end

  describe "an accessor" do
    it "reads what is there" do
      expect(said_of("App.list", "module App\n@list = []\nclass << self; attr_reader :list; end\nend"))
        .to eq({ "Shop::App.@list holds an Array" => :certain })
    end

    it "sets it, also by another name" do
      around = "module App\nclass << self\nattr_accessor :list\nalias_method :other=, :list=\nend\nend"
      expect(said_of("App.list = 1", around)).to eq({ "Shop::App.@list is set" => :certain })
      expect(said_of("self.other = 1", around)).to eq({ "Shop::App.@list is set" => :certain })
    end

    it "gives an object whose methods are called" do
      around = "class Part; def self.run = $a; end\n" \
               "module App\n@part = Part\nclass << self; attr_reader :part; end\nend"
      expect(said_of("part.run", around)).to eq({ "$a is read" => :certain })
    end
  end

  describe "a block of a method of Ruby's" do
    it "is certain where that calls it each time" do
      %w[tap then loop instance_eval instance_exec].each do |name|
        expect(said_of("env.hash.then { 1 }\n1.#{name} { $a }").fetch("$a is read")).to eq(:certain), name
      end
    end

    it "is possible where it may not, and read where it is a method of another's" do
      expect(said_of("[1].each { $a }")).to eq({ "$a is read" => :possible })
      expect(said_of("tap { $a }", "module App; def self.tap = 1; end")).to eq({})
    end

    it "is that of `define_method` and the like on what is made, with a self that is not known" do
      expect(said_of("Class.new { run }", "module App; def self.run = $a; end")).to eq({})
    end
  end

  it "takes what Ruby names by a String or a Symbol" do
    around = "module App; def self.run = $a; end"
    ["send(:run)", "send(\"run\")", "__send__(:run)"].each do |code|
      expect(said_of(code, around)).to eq({ "$a is read" => :certain }), code
    end
  end
end
