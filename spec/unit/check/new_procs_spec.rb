# frozen_string_literal: true

require "kino/check"
require "json"
require "support/check_source"

# What is said of each method is held against how many Procs this Ruby makes when it is called.
RSpec.describe Kino::Check::NewProcs do
  include CheckSource

  around = <<~RUBY
    class Keeper
      def initialize(&block) = @block = block
    end
    module Helper
      def self.keep(&block) = [block]
      def self.inner(&block) = [1].each { |x| return block if x }
      def self.pass(&block) = each_one(&block)
      def self.call_it(&block) = block.call(1)
      def self.each_one = yield(1)
      def self.twice(x) = x * 2
      def self.on(&block) = keep(&block)
    end
  RUBY

  let(:code) { Kino::Check::Code.new(Shop::App, label: "App") }

  def sites(body, around)
    shop("#{around}\nmodule App\ndef self.call(_env)\n#{body}\n[200, {}, []]\nend\nend")
    code.findings
    code.procs
  end

  def made
    before = ObjectSpace.count_objects[:T_DATA]
    yield
    ObjectSpace.count_objects[:T_DATA] - before
  end

  around do |example|
    GC.start
    GC.disable
    example.run
  ensure
    GC.enable
  end

  {
    "lambda { 1 }" => "a lambda is made",
    "a = ->(x) { x }; a.call(1)" => "a lambda is made",
    "proc { 1 }" => "a proc is made",
    "Proc.new { 1 }" => "Proc.new makes a Proc of its block",
    "Hash.new { |hash, key| hash[key] = 1 }" => "Hash.new makes a Proc of its block",
    "Helper.keep { 1 }" => "a block becomes a Proc in Shop::Helper.keep, which takes it as &block",
    "Helper.inner { 1 }" => "a block becomes a Proc in Shop::Helper.inner, which takes it as &block",
    "Keeper.new { 1 }" => "a block becomes a Proc in Shop::Keeper#initialize, which takes it as &block",
    "[1].each(&Helper.method(:twice))" => "a method becomes a Proc (&method)",
    "Helper.method(:twice).to_proc" => "to_proc makes a Proc"
  }.each do |body, what|
    it "names `#{body}`, which makes one" do
      expect(sites(body, around)).to match([have_attributes(what:, place: /app\.rb:\d+/, path: /\AApp/)])
      expect(made { Shop::App.call({}) }).to be_positive
    end
  end

  it "names the call that hands a block on to a method that keeps it" do
    expect(sites("Helper.on { 1 }", around).map(&:place)).to eq(["app.rb:11"])
    expect(made { Shop::App.call({}) }).to be_positive
  end

  ["[1].each { |x| x }", "Helper.each_one { |x| x }", "Helper.pass { |x| x }", "Helper.call_it { |x| x }",
   "[1].map(&:to_s)", "Hash.new(1)", "1.then { it }", "loop { break }"].each do |body|
    it "does not name `#{body}`, which makes none" do
      expect(sites(body, around)).to eq([])
      Shop::App.call({}) # what is made once
      expect(made { Shop::App.call({}) }).to eq(0)
    end
  end

  describe "in the report" do
    let(:noted) { Kino::Check.report(shop("module App\ndef self.call(_env) = [200, {}, [-> { 1 }.call]]\nend")::App) }

    it "is a note on Ruby 4.0, and changes nothing else" do
      allow(Kino::Ruby).to receive(:procs_stop_ractors?).and_return(true)
      expect(noted).to have_attributes(verdict: :ready, passed?: true, steps: [])
      expect(noted.to_s).to end_with("doc/ractors.md)\n  app.rb:2: a lambda is made\n    by Shop::App.call")
      expect(JSON.parse(noted.to_json).fetch("procs"))
        .to eq([{ "what" => "a lambda is made", "place" => "app.rb:2", "path" => "Shop::App.call" }])
      expect(Kino::Check.first_finding(Shop::App)).to be_nil
    end

    it "is not there on others, nor for what cannot run on Ractors" do
      allow(Kino::Ruby).to receive(:procs_stop_ractors?).and_return(false)
      expect([noted.procs, noted.to_s]).to match([[], /\A(?!.*note:)/m])
      allow(Kino::Ruby).to receive(:procs_stop_ractors?).and_return(true)
      blocked = shop("module App\ndef self.call(_env) = [200, {}, [-> { $a }.call, $a]]\nend")::App
      expect(Kino::Check.report(blocked)).to have_attributes(verdict: :blocked, procs: [])
    end

    it "names ten, and how many more there are" do
      allow(Kino::Ruby).to receive(:procs_stop_ractors?).and_return(true)
      many = "module App\ndef self.call(_env)\n#{"lambda { 1 }\n" * 12}[200, {}, []]\nend\nend"
      expect(Kino::Check.report(shop(many)::App).to_s).to end_with("\n  and 2 more")
    end
  end
end
