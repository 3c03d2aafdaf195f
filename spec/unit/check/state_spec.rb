# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::State do
  include CheckSource

  describe "an instance variable of a class" do
    it "may be read if what it holds can be shared, or if there is none" do
      expect(said_of("[@list, @none]", "module App; @list = [].freeze; end")).to eq({})
      finding, = found("module App\n@list = +\"a\"\ndef self.call(_) = @list\nend")
      expect(finding).to have_attributes(cause: :class_ivar, what: "Shop::App.@list holds a String",
                                         fix: start_with("freeze it"))
    end

    it "may not be set, by ||= either where it is nil" do
      expect(found("module App\ndef self.call(_) = @list ||= []\nend").map { [it.cause, it.what, it.certainty] })
        .to eq([[:class_ivar_write, "Shop::App.@list is set", :certain]])
      expect(said_of("@list ||= []", "module App; @list = [].freeze; end")).to eq({})
    end
  end

  describe "an instance variable of the app" do
    def of(definition)
      shop("class Part; def run = $a; end\nclass App\ndef initialize = @part = Part.new\n#{definition}\nend")
      Kino::Check::Code.new(Shop::App.new).findings.to_h { [it.what, it.certainty] }
    end

    it "is followed" do
      expect(of("def call(_env) = @part.run")).to eq({ "$a is read" => :certain })
    end

    it "cannot be set: the app is frozen, or has to be" do
      expect(of("def call(_env) = @part = 1"))
        .to eq({ "app.@part is set, and a Shop::App has to be frozen" => :certain })
      expect(of("def call(_env) = @part ||= 1")).to eq({})
      shop("class App; def call(_env) = @part = 1; end")
      expect(Kino::Check::Code.new(Shop::App.new.freeze).findings.map { [it.cause, it.what] })
        .to eq([[:frozen, "app.@part is set, and a Shop::App is frozen"]])
    end

    it "is not known any more in an object that the request makes, once a method sets it" do
      around = "class Part; def self.run = $a; end\nclass Page\n" \
               "def initialize(part) = @part = part\ndef keep(part) = @part = part\ndef run = @part.run\nend"
      expect(said_of("Page.new(Part).run", around)).to eq({ "$a is read" => :possible })
      expect(said_of("page = Page.new(Part)\npage.keep(env)\npage.run", around)).to eq({})
      around = "class Part; def self.run = $a; end\nclass Page\ndef keep(part) = @part = part\ndef run = @part.run\nend"
      expect(said_of("page = Page.new\npage.keep(Part)\npage.run", around)).to eq({})
    end
  end

  it "refuses class variables, read, set or asked for" do
    expect(found("module App\n@@a = 1\ndef self.call(_)\n[@@a]\n@@b = 1\ndefined?(@@c) && 1\nend\nend")
      .map { [it.cause, it.what, it.certainty] })
      .to eq([[:class_variable, "@@a is read", :certain], [:class_variable, "@@b is set", :certain],
              [:class_variable, "@@c is asked for", :certain]])
  end

  it "takes what is put into a class or global variable off the stack" do
    around = "class Part; def self.run = $a; end"
    ["@@b", "$b", "@b"].each do |name|
      expect(said_of("part = (#{name} = Part)\npart.run", around)).to include("$a is read" => :certain), name
    end
  end

  it "refuses global variables, read, set or asked for, but those that are a Ractor's own" do
    expect(said_of("$a\n$b = 1\ndefined?($c) && 1\n$stdout\n$stderr = $stdout\n$~\n$1\ndefined?($stdin) && 1"))
      .to eq({ "$a is read" => :certain, "$b is set" => :certain, "$c is asked for" => :certain })
  end

  it "may ask for any constant or method" do
    expect(said_of("defined?(LIST) && defined?(foo) && defined?(@list) && defined?(yield)", "LIST = []")).to eq({})
  end

  it "knows what $DEBUG is, and that there is something to write to" do
    expect(said_of("$DEBUG ? $a : $b")).to eq({ "$b is read" => :certain })
    expect(said_of("$stderr ? $a : $b")).to eq({ "$a is read" => :certain })
  end

  it "reads the local variables of methods and blocks around" do
    around = "class Part; def self.run = $a; end"
    expect(said_of("part = Part\n1.then { 2.then { part.run } }", around)).to eq({ "$a is read" => :certain })
  end

  it "has class variables and instance variables of objects that are only a BasicObject" do
    shop("class App < BasicObject\ndef initialize = @list = [1]\ndef call(_env) = @list << $a\nend")
    expect(Kino::Check::Code.new(Shop::App.new).findings.map(&:what)).to eq(["$a is read"])
  end
end
