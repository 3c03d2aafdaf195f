# frozen_string_literal: true

require "objspace"
require "kino/check/graph"
require "support/check_source"

RSpec.describe Kino::Check::Graph do
  include CheckSource

  def findings(app, **) = described_class.new(app, **).findings
  def rows(app) = findings(app).map { |finding| [finding.cause, finding.path, finding.what] }

  # An object that holds these.
  def holder(**ivars)
    Object.new.tap { |object| ivars.each { |name, value| object.instance_variable_set(:"@#{name}", value) } }
  end

  # That holds nothing of this example.
  def clean_proc = nil.instance_eval { proc {} }

  it "finds nothing in what can be shared" do
    expect([Comparable, Object.new.freeze, [1, "a"].freeze].map { |app| findings(app) }).to all(eq([]))
  end

  describe "a proc" do
    it "is said to hold what cannot be shared, and where it stands" do
      log = Struct.new(:app).new
      shop("log = []\n::Shop.const_set(:App, ->(_env) { log })")
      log.app = Shop::App
      captured, *others = findings(Shop::App, label: "Shop::App")
      expect(captured).to have_attributes(cause: :captured, certainty: :certain, what: "a Proc holds log (an Array)",
                                          place: "app.rb:2", path: "Shop::App",
                                          fix: Kino::Check::Advice.for_proc)
      expect(others).to eq([])
    end

    it "speaks for what it alone holds, but not for what can never be shared, nor for what is held elsewhere too" do
      list = []
      inner = holder(list:, lock: Thread::Mutex.new, other: clean_proc)
      app = holder(handler: inner.instance_eval { -> { self } }, deep: holder(deeper: holder(list:)))
      expect(rows(app).map { |cause, path, _what| [cause, path] })
        .to eq([[:captured, "app.@handler"], [:unshareable, "app.@handler{self}.@lock"],
                [:unfrozen, "app.@deep.@deeper.@list"]])
      expect(rows(app).last.last).not_to include("handler")
    end

    it "is not looked for within the builder of a rackup file, which goes with it" do
      stub_const("Rack::Builder", Class.new { def lambda = ->(_env) { self } })
      found = described_class.new(Rack::Builder.new.lambda, label: "app").findings
      expect(found.map(&:what)).to eq(["a Proc holds self (a Rack::Builder)"])
    end

    it "is said to hold self, and is looked for within that" do
      shop("class Router\ndef initialize = @app = ->(_env) { self }\nend")
      expect(rows(Shop::Router.new))
        .to eq([[:captured, "app.@app", "a Proc in a Shop::Router holds self (a Shop::Router)"],
                [:unfrozen, "app", "not frozen: app (a Shop::Router)"]])
    end

    it "was not made shareable if it holds nothing" do
      expect(rows(clean_proc)).to eq([[:captured, "app", "a Proc was not made shareable"]])
    end

    it "is one also if its class is another" do
      type = stub_const("Handler", Class.new(Proc))
      expect(rows(nil.instance_eval { type.new { 1 } }).first)
        .to eq([:captured, "app", "a Handler was not made shareable"])
    end
  end

  describe "what can never be shared" do
    it "is named with the way to it and what holds it" do
      stub_const("Repo", Class.new { def initialize(io) = @io = io })
      found = findings(holder(repo: Repo.new($stderr))).first
      expect(found).to have_attributes(cause: :unshareable, certainty: :certain, path: "app.@repo.@io", place: nil,
                                       what: "an IO in a Repo can never be shared",
                                       fix: include("Ractor.store_if_absent"))
    end

    it "is found on the shortest way" do
      lock = Thread::Mutex.new
      [{ deep: [[lock]], near: lock }, { near: lock, deep: [[lock]] }].each do |ivars|
        expect(rows(holder(**ivars)).first.first(2)).to eq([:unshareable, "app.@near"])
      end
    end

    it "is found in whatever holds objects" do
      lock = Thread::Mutex.new
      stub_const("Row", Struct.new(:cell))
      stub_const("Fact", Data.define(:cell))
      by_default = nil.instance_eval { Hash.new { |_hash, _key| lock } }
      ways = { "app[1]" => [1, lock], "app[\"/a b\"]" => { "/a b" => lock }, "app[:a]" => { a: lock },
               "app{key a Thread::Mutex}" => { lock => 1 }, "app.cell" => Row.new(lock),
               "app.default_proc{lock}" => by_default, "app.receiver" => lock.method(:lock) }
      expect(ways.transform_values { |app| findings(app).reverse.find { it.cause == :unshareable }&.path })
        .to eq(ways.keys.to_h { |way| [way, way] })
      expect(findings(Fact.new(cell: lock)).map(&:path)).to eq(["app.cell"])
    end

    it "is found in a Set and in a Range" do
      stub_const("Rank", Struct.new(:lock) { def <=>(_other) = 0 })
      ways = { "app[0]{element a Thread::Mutex}" => [Set[Thread::Mutex.new].freeze],
               "app[0].begin.lock" => [Rank.new(Thread::Mutex.new)..Rank.new],
               "app[0].end.lock" => [Rank.new..Rank.new(Thread::Mutex.new)] }
      found = ways.transform_values { |app| findings(app).find { it.cause == :unshareable } }
      expect(found.values.map(&:what)).to all(match(/\Aa Thread::Mutex in a .* can never be shared\z/))
      # On Ruby 3.4 a Set holds them in a Hash of its own.
      expect(found.map { |way, finding| finding.path.sub(".@hash{key", "{element") == way }).to all(be(true))
    end

    it "is found in a frozen object" do
      expect(rows([$stderr].freeze)).to eq([[:unshareable, "app[0]", "an IO in an Array can never be shared"]])
    end

    it "is a frozen object of which nothing is known that could be frozen" do
      expect(rows(Random.new.freeze)).to eq([[:unshareable, "app", "a Random cannot be shared"]])
    end
  end

  describe "what is not frozen" do
    it "is one finding, that names the deepest first and the app" do
      inner = holder
      expect(rows(holder(list: [inner])))
        .to eq([[:unfrozen, "app.@list[0]", "not frozen: app.@list[0] (an Object), app.@list (an Array), " \
                                            "app (an Object)"]])
    end

    it "is counted where there is more than can be named" do
      parts = Array.new(9) { |number| [:"part#{number}", []] }.to_h
      what = findings(holder(**parts)).first.what
      expect(what.scan(".@part").size).to eq(described_class::SHOWN)
      expect(what).to end_with("app (an Object), 4 more")
    end

    it "is what a Set or a Range holds, which can be frozen" do
      [Set[[]].freeze, [1]..[2]].each { |app| expect(rows(app).map(&:first)).to eq([:unfrozen]) }
    end

    it "is only what is not: a frozen holder is not blamed" do
      expect(rows([+"a"].freeze)).to eq([[:unfrozen, "app[0]", "not frozen: app[0] (a String)"]])
    end
  end

  describe "to the end" do
    it "goes where objects hold each other" do
      first, second = Array.new(2) { holder }
      first.instance_variable_set(:@other, second)
      second.instance_variable_set(:@other, first)
      list = [first]
      list << list
      expect(rows(list).map(&:first)).to eq([:unfrozen])
    end

    it "goes down a way that is deep, and names its beginning and its end" do
      deep = (1..2_000).reduce(holder(io: $stderr)) { |inner, _| [inner] }
      found = findings(deep)
      expect(found.map(&:cause)).to eq(%i[unshareable unfrozen])
      expect(found.map(&:path))
        .to eq(["app#{"[0]" * 7} ... #{"[0]" * 7}.@io", "app#{"[0]" * 7} ... #{"[0]" * 8}"])
      expect(found.last.what.size).to be < 1_000
    end

    it "keeps no more of a long way than it needs" do
      list = (1..10_000).reduce(nil) { |inner, _| [inner] }
      GC.start
      before = ObjectSpace.memsize_of_all(String)
      GC.disable
      findings(list)
      expect(ObjectSpace.memsize_of_all(String) - before).to be < 10_000_000
    ensure
      GC.enable
    end

    it "does not go beyond so many objects, and says so" do
      list = Array.new(9) { [] }
      expect(findings(list, label: "App", limit: 10).map(&:cause)).to eq([:unfrozen])
      cut = findings(list, label: "App", limit: 9).find { it.cause == :cut }
      expect(cut).to have_attributes(certainty: :possible, what: "more than 9 objects", path: "App", place: nil)
    end
  end

  describe "objects that would rather not be looked at" do
    it "are asked nothing" do
      names = %i[class frozen? instance_variables inspect hash == respond_to? is_a? to_a each to_h members nil? !
                 each_with_index size each_pair default_proc receiver map]
      types = [Object, Array, Hash, Struct.new(:cell), Proc, Set].map do |type|
        Class.new(type) { names.each { |name| define_method(name) { |*| raise "#{name} was asked" } } }
      end
      plain, list, hash, record, code, set = types
      handler = nil.instance_eval { code.new { 1 } }
      objects = [plain.new, list.new([plain.new]), hash.new, record.new(plain.new), handler, set.allocate]
      expect(findings(objects).map(&:cause).uniq).to contain_exactly(:captured, :unfrozen)
    end

    it "may be no more than a BasicObject" do
      type = stub_const("Bare", Class.new(BasicObject) { def initialize(io) = @io = io })
      expect(rows([type.new($stderr)].freeze))
        .to eq([[:unshareable, "app[0].@io", "an IO in a Bare can never be shared"],
                [:unfrozen, "app[0]", "not frozen: app[0] (a Bare)"]])
    end
  end

  it "freezes and changes nothing" do
    list = [+"a", {}]
    app = holder(list:, handler: clean_proc)
    expect { findings(app) }.not_to(change do
      [app.frozen?, app.instance_variables, list.frozen?, list.first.frozen?, list, Ractor.shareable?(app)]
    end)
  end
end
