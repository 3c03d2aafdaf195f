# frozen_string_literal: true

require "kino/check/scope"
require "support/check_source"

RSpec.describe Kino::Check::Scope do
  include CheckSource

  before do
    shop(<<~RUBY)
      LIST = :outer
      module Front
        LIST = :front
        class Page
          FOUND = :page
          module Parts; PART = :part; end
          include Parts
          def self.call = 1
        end
        class List < Page; end
        PAGE = Page.new
        BLOCK = -> {}
        private_constant :LIST
        autoload :Late, "/nowhere/late.rb"
        def self.const_missing(_) = raise("asked")
        def self.const_get(*) = raise("asked")
        def self.name = raise("asked")
      end
    RUBY
  end

  let(:page) { Shop::Front::Page }
  let(:scope) { described_class.of(page) }

  def find(*path, scope: self.scope) = scope.find(path).then { |answer| [answer.state, answer.value, answer.name] }

  it "finds what is near first, and says where it is" do
    expect(find(:FOUND)).to eq([:found, :page, "Shop::Front::Page::FOUND"])
    expect(find(:LIST)).to eq([:found, :front, "Shop::Front::LIST"])
    expect(find(:LIST, scope: described_class.of(Shop))).to eq([:found, :outer, "Shop::LIST"])
    expect(find(:Comparable)).to eq([:found, Comparable, "Comparable"])
  end

  it "finds what is inherited or included, and says from where" do
    expect(find(:PART)).to eq([:found, :part, "Shop::Front::Page::Parts::PART"])
    expect(find(:FOUND, scope: described_class.of(Shop::Front::List))).to eq([:found, :page, "Shop::Front::Page::FOUND"])
  end

  it "goes along a path, from the top too" do
    expect(find(:Front, :Page, :FOUND)).to eq([:found, :page, "Shop::Front::Page::FOUND"])
    expect(find(:"", :Shop, :LIST)).to eq([:found, :outer, "Shop::LIST"])
    expect(find(:"", :LIST).first).to eq(:missing)
  end

  it "stops where there is nothing, or nothing to look in" do
    expect(find(:Nothing, :More)).to eq([:missing, nil, "Nothing"])
    expect(find(:LIST, :More)).to eq([:found, :front, "Shop::Front::LIST"])
    expect(find(:Page, :Nothing)).to eq([:missing, nil, "Nothing"])
  end

  it "loads nothing" do
    expect(find(:Late)).to eq([:not_loaded, nil, "Shop::Front::Late"])
    expect(find(:Front, :Late, :Part)).to eq([:not_loaded, nil, "Shop::Front::Late"])
    expect(Shop::Front.autoload?(:Late)).to eq("/nowhere/late.rb")
  end

  it "is that of a class for its methods, and for those of its objects" do
    expect(find(:FOUND, scope: described_class.of(page.singleton_class)).first).to eq(:found)
    expect(find(:LIST, scope: described_class.of(Shop::Front::PAGE.singleton_class)))
      .to eq([:found, :front, "Shop::Front::LIST"])
  end

  it "makes do with a class of no name, or of one that is none" do
    odd = Class.new.tap { |type| type.set_temporary_name("odd::name") }
    [Class.new, odd].each do |type|
      expect(find(:Comparable, scope: described_class.of(type)).first).to eq(:found)
    end
  end

  it "is that of a proc where it stands" do
    expect(find(:LIST, scope: described_class.of_proc(Shop::Front::BLOCK))).to eq([:found, :front, "Shop::Front::LIST"])
  end

  it "is the top for a proc that was made shareable, which does not tell" do
    shared = Ractor.make_shareable(nil.instance_eval { -> {} })
    expect(find(:Comparable, scope: described_class.of_proc(shared)).first).to eq(:found)
    expect(find(:LIST, scope: described_class.of_proc(shared)).first).to eq(:missing)
  end

  describe "a module" do
    it "gives its constants, those that it inherits only if asked to" do
      expect(described_class.fetch(page, :PART, inherit: false).state).to eq(:missing)
      expect(described_class.fetch(page, :PART, inherit: true).value).to eq(:part)
    end

    it "has its own, as far as they are loaded" do
      names = described_class.own(Shop::Front).map(&:name)
      expect(names).to include("Shop::Front::Page", "Shop::Front::PAGE")
      expect(names).not_to include("Shop::Front::Late", "Shop::LIST")
    end
  end
end
