# frozen_string_literal: true

require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::Reflection do
  include CheckSource

  describe "send" do
    let(:around) { "class Part\ndef self.run(flag) = flag ? $a : $b\ndef self.other(*) = $c\nend" }

    it "calls what it names, with the arguments behind" do
      ["Part.send(:run, nil)", "Part.public_send(\"run\", nil)", "Part.__send__(:run, nil)"].each do |code|
        expect(said_of(code, around)).to eq({ "$b is read" => :certain }), code
      end
    end

    it "may call any method of its own where the name is not known" do
      expect(said_of("Part.send(env)", around).transform_values(&:to_s))
        .to eq({ "$a is read" => "possible", "$b is read" => "possible", "$c is read" => "possible" })
      expect(said_of("Part.new.send(env)", "class Part\ndef run = $a\nend")).to eq({ "$a is read" => :possible })
    end

    it "calls nothing of Ruby's by a name that is not known" do
      expect(said_of("\"a\".send(env)\n[].send(env)")).to eq({})
    end

    it "is the object's own, where it has one" do
      expect(said_of("Part.send(:run)", "class Part\ndef self.send(_) = $a\ndef self.run = $b\nend"))
        .to eq({ "$a is read" => :certain })
    end
  end

  describe "instance variables by name" do
    let(:around) { "module App\n@list = []\nend" }

    it "are read" do
      expect(said_of("instance_variable_get(:@list)", around)).to eq({ "Shop::App.@list holds an Array" => :certain })
      expect(said_of("instance_variable_get(env)", around)).to eq({})
    end

    it "are set, whatever the name" do
      expect(said_of("instance_variable_set(:@list, 1)", around)).to eq({ "Shop::App.@list is set" => :certain })
      expect(said_of("instance_variable_set(env, 1)", around)).to eq({ "Shop::App.@... is set" => :certain })
      expect(said_of("remove_instance_variable(:@list)", around)).to eq({ "Shop::App.@list is set" => :certain })
    end
  end

  it "names class variables" do
    expect(said_of("Part.class_variable_get(:@@a)\nPart.class_variable_set(env, 1)", "class Part; @@a = 1; end"))
      .to eq({ "@@a is used by class_variable_get" => :certain, "one is used by class_variable_set" => :certain })
  end

  describe "constants by name" do
    let(:around) { "module Part\nLIST = []\nNAMES = [].freeze\nmodule Inner; HASH = {}; end\nend" }

    it "are read, along a path too" do
      expect(said_of("Part.const_get(:LIST)", around)).to eq({ "Shop::Part::LIST holds an Array" => :certain })
      expect(said_of("Part.const_get(\"Inner::HASH\")", around))
        .to eq({ "Shop::Part::Inner::HASH holds a Hash" => :certain })
      expect(said_of("Part.const_get(:NAMES)", around)).to eq({})
    end

    it "may be any of the module's where the name is not known" do
      expect(said_of("Part.const_get(env)", around)).to eq({ "Shop::Part::LIST holds an Array" => :possible })
      expect(said_of("Object.const_get(env)", around)).to eq({})
    end

    it "are set to what cannot be shared, or not" do
      expect(said_of("Part.const_set(:A, [])\nPart.const_set(:B, 1)\nPart.const_set(:C, env)", around))
        .to eq({ "A is set" => :certain })
    end
  end
end
