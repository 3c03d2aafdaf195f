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
end
