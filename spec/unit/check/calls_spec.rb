# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::Calls do
  include CheckSource

  # `$a` in a method stands for what a Ractor refuses.
  def part(definition) = "class Part\n#{definition}\nend"

  it "finds the method by the receiver: self, a constant, an instance variable, a local variable, a literal" do
    around = "class App2; def self.run = $a; end\nmodule Serving; def run = $a; end\nPART = Object.new.extend(Serving)"
    ["App2.run", "PART.run", "part = PART; part.run", "part = env ? PART : nil; part.run if part", "run"].each do |code|
      expect(said_of(code, "#{around}\nmodule App; extend Serving; end")).to include("$a is read"), code
    end
  end

  it "finds operators, setters and indexes too" do
    around = "module PART; end\nclass << PART\ndef +(_) = $a\ndef [](_) = $b\ndef []=(_, _)\n$c\nend\n" \
             "def size = $d\ndef name=(_)\n$e\nend\ndef !() = $f\ndef -@ = $g\ndef =~(_) = $h\nend"
    codes = ["PART + 1", "PART[1]", "PART[1] = 2", "PART.size", "PART.name = 1", "!PART", "-PART", "PART =~ 1"]
    expect(codes.to_h { [it, said_of(it, around).keys] })
      .to eq(codes.zip(%w[a b c d e f g h]).to_h { |code, name| [code, ["$#{name} is read"]] })
  end

  it "finds an index of a String, which an instruction may carry" do
    around = "module PART; end\ndef PART.[](_) = $a\ndef PART.[]=(_, _)\n$b\nend"
    expect(said_of("PART[\"a\"]\nPART[\"a\"] = 1", around))
      .to eq({ "$a is read" => :certain, "$b is read" => :certain })
  end

  describe "arguments" do
    it "are known in the method, by place and by name" do
      around = part("def self.run(flag, other: nil) = flag ? $a : other && $b")
      expect(said_of("Part.run(true)", around)).to eq({ "$a is read" => :certain })
      expect(said_of("Part.run(false)", around)).to eq({})
      expect(said_of("Part.run(nil, other: 1)", around)).to eq({ "$b is read" => :certain })
    end

    it "are not known behind a splat" do
      around = part("def self.run(flag = false, other: false) = (flag || other) && $a")
      expect(said_of("Part.run(*env)", around)).to eq({ "$a is read" => :possible })
      expect(said_of("Part.run(**env)", around)).to eq({ "$a is read" => :possible })
      expect(said_of("Part.run", around)).to eq({})
    end

    it "are not known behind ..., and self is" do
      ["other(...)", "self.other(1, ...)", "Part.other(...)"].each do |code|
        around = part("def self.run(...) = #{code}\ndef self.other(flag, *) = flag ? $a : $b")
        expect(said_of("Part.run(true)", around)).to eq({ "$a is read" => :possible, "$b is read" => :possible })
      end
    end

    it "may be objects whose methods are called" do
      around = part("def self.run(part) = part.serve\ndef self.serve = $a")
      expect(said_of("Part.run(Part)", around)).to eq({ "$a is read" => :certain })
    end
  end

  describe "a block" do
    it "runs where the method yields, each time or not" do
      around = part("def self.all = yield\ndef self.some(a) = a && yield\ndef self.none = 1")
      expect(said_of("Part.all { $a }", around)).to eq({ "$a is read" => :certain })
      expect(said_of("Part.some(env) { $a }", around)).to eq({ "$a is read" => :possible })
      expect(said_of("Part.none { $a }", around)).to eq({})
    end

    it "may run where the method is not known" do
      expect(said_of("env.each { $a }")).to eq({ "$a is read" => :possible })
    end

    it "runs where it is passed on, with & or with ..., each time or not" do
      { "&block" => "&block", "&" => "&", "..." => "..." }.each do |parameter, argument|
        around = part("def self.run(#{parameter}) = other(#{argument})\ndef self.other(*) = yield\n" \
                      "def self.some(#{parameter}) = maybe(#{argument})\ndef self.maybe(*) = hash == 1 && yield")
        expect(said_of("Part.run { $a }", around)).to eq({ "$a is read" => :certain })
        expect(said_of("Part.some { $a }", around)).to eq({ "$a is read" => :possible })
      end
    end

    it "is passed on by super, without a word" do
      ["super", "super()", "super(&nil)"].each do |code|
        around = "class Base; def self.run = block_given? && yield; end\n" \
                 "class Part < Base; def self.run = #{code}; end"
        expect(said_of("Part.run { $a }", around)).to eq(code == "super(&nil)" ? {} : { "$a is read" => :possible })
      end
    end

    it "is passed on by what calls itself" do
      around = part("def self.run(tree) = tree.each { |part| run(part) { $b && yield } && yield }")
      expect(said_of("Part.run(env) { $a }", around)).to eq({ "$a is read" => :possible, "$b is read" => :possible })
      around = part("def self.run = other { yield }\ndef self.other = run { yield } || run { yield }")
      expect(said_of("Part.run { $a }", around)).to eq({ "$a is read" => :possible })
    end

    it "sees the local variables around it that are set once" do
      around = part("def self.run = yield\ndef self.serve = $a")
      expect(said_of("part = Part\nPart.run { Part.run { part.serve } }", around)).to eq({ "$a is read" => :certain })
    end
  end

  describe "method_missing" do
    it "takes what the object does not have" do
      around = part("def self.method_missing(name, *) = $a\ndef self.respond_to_missing?(*) = true")
      expect(said_of("Part.anything(1)", around)).to eq({ "$a is read" => :certain })
      expect(said_of("Part.name", around)).to eq({})
    end

    it "is not Ruby's own, which raises" do
      expect(said_of("anything\n$a")).to eq({ "$a is read" => :certain })
    end
  end

  describe "super" do
    it "goes to the method behind, with what it was given" do
      around = "class Base; def self.run(a) = a ? $a : $b; end\nclass Part < Base; def self.run(a) = super(!a); end"
      expect(said_of("Part.run(false)", around)).to eq({ "$a is read" => :certain })
    end

    it "goes through each module that is in front" do
      around = "module One; def run = $a && super; end\nmodule Two; def run = $b && super; end\n" \
               "class Part; prepend One, Two; def run = $c; end"
      expect(said_of("Part.new.run", around).keys).to contain_exactly("$a is read", "$b is read", "$c is read")
    end

    it "gives its result" do
      around = "class Base; def self.run = nil; end\nclass Part < Base; def self.run = super; end"
      expect(said_of("Part.run ? $a : $b", around)).to eq({ "$b is read" => :certain })
    end

    it "comes to nothing where there is none" do
      expect(said_of("Part.run\n$a", part("def self.run = super"))).to eq({ "$a is read" => :certain })
    end
  end

  describe "a method that does not come back" do
    it "ends the way" do
      around = part("def self.stop = raise(\"no\")\ndef self.leave = stop")
      expect(said_of("Part.leave\n$a", around)).to eq({})
      expect(said_of("Part.leave if env\n$a", around)).to eq({ "$a is read" => :possible })
    end

    it "is raise, throw, exit and the like" do
      ["raise", "fail \"a\"", "throw :a", "exit", "exit!", "abort \"a\"", "Kernel.exit", "Kernel.raise"].each do |code|
        expect(said_of("#{code}\n$a")).to eq({}), code
      end
    end

    it "is one of several that may run" do
      around = "#{part("def self.stop = raise")}\nclass Other; def self.stop = 1; end"
      expect(said_of("(env ? Part : Other).stop\n$a", around)).to eq({ "$a is read" => :certain })
    end
  end

  describe "one of several receivers" do
    let(:around) do
      "class Part; def self.run = $a; def self.all = yield; end\n" \
        "class Other; def self.run = 1; def self.all = 1; end\nLIST = [].freeze"
    end

    it "makes what its method does possible, not what stands around the call" do
      expect(said_of("(env ? Part : Other).run\n$b",
                     around)).to eq({ "$a is read" => :possible, "$b is read" => :certain })
      expect(said_of("(env ? Part : Other).all { $c }", around)).to eq({ "$c is read" => :possible })
      expect(said_of("(env ? Part : Other).send(:run)", around)).to eq({ "$a is read" => :possible })
    end

    it "makes what Ruby's own methods do possible" do
      expect(said_of("(env ? LIST : Array.new).push(1)", around))
        .to eq({ "Shop::LIST is changed (push), and it is frozen" => :possible })
      expect(said_of("(env ? proc { $a } : proc { 1 }).call")).to eq({ "$a is read" => :possible })
    end
  end

  it "takes `require` for fit, whatever has been made of it" do
    expect(said_of("require \"json\"")).to eq({})
  end

  it "finds what a method returns, and goes on with that" do
    around = "class Other; def self.run = $b; end\n" \
             "class Part\ndef self.build = new\ndef run = $a\ndef self.one(a) = a ? self : Other\nend"
    expect(said_of("Part.build.run", around)).to eq({ "$a is read" => :certain })
    expect(said_of("Part.one(env).run", around)).to eq({ "$b is read" => :possible })
  end
end
