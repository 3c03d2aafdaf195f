# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::Blocks do
  include CheckSource

  describe "an object that a request makes" do
    it "is initialized, with what `new` is given" do
      around = "class Part\ndef initialize(flag) = flag ? $a : $b\nend"
      expect(said_of("Part.new(true)", around)).to eq({ "$a is read" => :certain })
      expect(said_of("type = env ? Part : Part\ntype.new(false)", around)).to eq({ "$b is read" => :certain })
    end

    it "has the methods of its class, and what `initialize` puts into it" do
      around = "class Repo; def all = $a; end\n" \
               "class Part\ndef initialize(repo:) = @repo = repo\ndef run = @repo.all\nend"
      expect(said_of("Part.new(repo: Repo.new).run", around)).to eq({ "$a is read" => :certain })
    end

    it "may be changed: it is not shared" do
      expect(said_of("Part.new.run", "class Part\ndef run = @a = [@a]\nend")).to eq({})
    end

    it "is what a `new` of the class's own makes" do
      around = "class Other; def run = $b; end\nclass Part\ndef self.new = $a && Other.allocate\ndef run = $c\nend"
      expect(said_of("Part.new", around)).to eq({ "$a is read" => :certain })
    end

    it "may come of a class that is not known" do
      expect(said_of("env.class.new(1) { $a }\n$b")).to eq({ "$a is read" => :possible, "$b is read" => :certain })
    end
  end

  describe "a block" do
    it "runs in what it is given to, as self where that changes" do
      around = "class Part; def self.run = $a; end"
      expect(said_of("Part.instance_eval { run }", around)).to eq({ "$a is read" => :certain })
      expect(said_of("Part.then { run }", "#{around}\nmodule App; def self.run = $b; end"))
        .to eq({ "$b is read" => :certain })
    end

    it "may be a lambda, that runs where it is called" do
      expect(said_of("code = lambda { $a }\ncode.()")).to eq({ "$a is read" => :certain })
      expect(said_of("code = proc { $a }\n$b")).to eq({ "$b is read" => :certain })
      expect(said_of("code = -> { $a }\ncode.call")).to eq({ "$a is read" => :possible })
    end

    it "may be a lambda that is passed on" do
      around = "class Part; def self.run = yield; end"
      expect(said_of("code = proc { $a }\nPart.run(&code)", around)).to eq({ "$a is read" => :certain })
      expect(said_of("code = proc { $a }\nenv.each(&code)", around)).to eq({ "$a is read" => :possible })
    end

    it "may be a proc of a constant, which is refused too" do
      around = "CODE = proc { $a }\nclass Part; def self.run = yield; end"
      expect(said_of("Part.run(&CODE)", around))
        .to eq({ "Shop::CODE holds a Proc" => :certain, "$a is read" => :certain })
    end

    it "may be a Symbol, or nothing" do
      expect(said_of("[1].each(&:to_s)\n[1].each(&nil)\n$a")).to eq({ "$a is read" => :certain })
    end
  end
end
