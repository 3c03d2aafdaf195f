# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::Reader do
  include CheckSource

  let(:seen) { "LIST = []\nHELD = []" }
  let(:list) { "Shop::LIST holds an Array" }
  let(:held) { "Shop::HELD holds an Array" }

  # Held against what the branch itself says: LIST in it, and HELD in the other.
  def ways(condition, around = seen) = said_of("if #{condition}\nLIST\nelse\nHELD\nend", around)

  describe "a branch" do
    it "is open where nothing is known of its condition" do
      expect(ways("env['a']")).to eq({ list => :possible, held => :possible })
    end

    it "is none where the condition is known" do
      expect(ways("true")).to eq({ list => :certain })
      expect(ways("FLAG", "#{seen}\nFLAG = false")).to eq({ held => :certain })
      expect(ways("!FLAG", "#{seen}\nFLAG = false")).to eq({ list => :certain })
      expect(ways("Object.new")).to eq({ list => :certain })
    end

    it "is open where the condition is known to be one of several that differ" do
      expect(ways("(env['a'] ? 1 : nil)")).to eq({ list => :possible, held => :possible })
      expect(ways("(env['a'] ? 1 : nil).nil?")).to eq({ list => :possible, held => :possible })
      expect(ways("(env['a'] ? 1 : 2)")).to eq({ list => :certain })
      expect(ways("(env['a'] ? nil : false)")).to eq({ held => :certain })
    end

    it "is open for &. on what may be nil, and none on what is" do
      around = "#{seen}\nmodule Repo\ndef self.all = LIST\nend"
      expect(said_of("(env['a'] ? Repo : nil)&.all", around)).to eq({ list => :possible })
      expect(said_of("Repo&.all", around)).to eq({ list => :certain })
      expect(said_of("nil&.all", around)).to eq({})
    end
  end

  describe "a value" do
    let(:part) { "class Part; def self.run = $a; end\nclass Other; def self.run = $b; end" }

    it "is followed through local variables, however they are set" do
      ["a = Part; a.run", "a = b = Part; b.run", "a, b = Other, Part; b.run", "a, b = Other, Part; a, b = b, a; a.run",
       "a = nil; a ||= Part; a.run", "a = Part; a &&= a; a.run", "(a = Part).run",
       "a = Other; a = Part; a.run"].each do |code|
        expect(said_of(code, part)).to include("$a is read"), code
      end
    end

    it "is each of those that ways come with" do
      expect(said_of("a = env ? Part : Other\na.run", part).keys).to contain_exactly("$a is read", "$b is read")
      expect(said_of("a = Part\nwhile env do a = Other end\na.run", part).keys)
        .to contain_exactly("$a is read", "$b is read")
    end

    it "is not known any more in a block that sees a variable change" do
      expect(said_of("a = Part\na = env\nenv.each { a.run }", part)).to eq({})
    end

    it "is followed through case, ranges, interpolation and patterns to what stands behind" do
      codes = [
        "case env when 1 then 2 end", "(1..env)", "\"a\#{env}\"", "/\#{env}/", "env => { a: }", "env in [1, *]",
        "[*env, 1]", "{ **env }", "`a`", "->(a) { a }", "a, *b = env", "def foo = 1", "env&.foo ||= 1", "env[1] += 1",
        "env.a = 1", "begin; 1; ensure; 2; end", "$~ && $1", "not env", "env !~ /a/", "1.then { break 2 }",
        "/a/o =~ \"a\"", "(1 if env)...(2 if env)", "__method__", "yield_self { next 1 }"
      ]
      codes.each do |code|
        expect(said_of("#{code}\nPart.run", part)).to include("$a is read"), code
      end
    end
  end

  describe "a rescue" do
    it "is possible where what it guards can run" do
      expect(said_of("begin\nenv.call\nrescue ArgumentError\n$a\nend")).to eq({ "$a is read" => :possible })
      expect(said_of("return 1\nbegin\nenv.call\nrescue ArgumentError\n$a\nend")).to eq({})
    end

    it "may be an ensure, that is certain" do
      expect(said_of("begin\nenv.call\nensure\n$a\nend")).to eq({ "$a is read" => :certain })
    end
  end

  it "reads what is written once for all, as possible" do
    expect(said_of("env =~ /\#{$a}/o")).to eq({ "$a is read" => :possible })
  end

  it "takes a keyword that is not given for what stands in its place" do
    around = "class Part; def self.run(name: $a) = name; end"
    expect(said_of("Part.run", around)).to eq({ "$a is read" => :certain })
    expect(said_of("Part.run(name: 1)", around)).to eq({})
  end

  it "takes an optional argument that is not given for what stands in its place" do
    around = "class Part; def self.run(name = $a) = name; end"
    expect(said_of("Part.run", around)).to eq({ "$a is read" => :certain })
    expect(said_of("Part.run(1)", around)).to eq({})
    expect(said_of("Part.run(*env)", around)).to eq({ "$a is read" => :possible })
  end

  it "ends a way at return, and at break and next in a block" do
    expect(said_of("return 1\n$a")).to eq({})
    expect(said_of("1.then { next 1; $a }\n$b")).to eq({ "$b is read" => :certain })
    expect(said_of("1.then { break 1; $a }\n$b")).to include("$b is read")
  end
end
