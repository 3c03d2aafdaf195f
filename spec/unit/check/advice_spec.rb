# frozen_string_literal: true

require "kino/check/advice"
require "logger"

RSpec.describe Kino::Check::Advice do
  def advice(value, **) = described_class.for_value(value, **)

  it "is to freeze a String" do
    expect(advice(+"a")).to eq("freeze it, or begin the file with # frozen_string_literal: true")
  end

  it "is to write a module in place of a proc, or on Ruby 4.0 to make it shareable" do
    expect(advice(-> {}, ruby: "3.4.5")).to eq("make it a module or class with a self.call method")
    expect(advice(-> {}, ruby: "4.0.5"))
      .to eq("make it a module or class with a self.call method, or a Ractor.shareable_proc")
    expect(described_class.for_proc).to eq(advice(-> {}, ruby: RUBY_VERSION))
  end

  it "is to keep one for each Ractor of what no freezing helps" do
    expect(advice($stdout)).to include("Ractor.store_if_absent")
    expect(advice(Class.new(Thread::Mutex).new)).to include("Ractor.store_if_absent")
  end

  it "names what it is in an object that keeps that from being frozen" do
    expect(advice(Logger.new($stderr), label: "Shop::LOG"))
      .to match(/\Ait holds an? (IO|Monitor), which can never be shared: make one for each Ractor where it is used: /)
      .and end_with("Ractor.store_if_absent(:logger) { Logger.new($stderr) }")
    expect(advice({ a: [Mutex.new] }, label: "Shop.@locks"))
      .to eq("it holds a Thread::Mutex, which can never be shared: make one for each Ractor where it is used: " \
             "Ractor.store_if_absent(:locks) { ... }")
    expect($stderr).not_to be_frozen
  end

  it "is to keep one for each Ractor of what requests change" do
    expect([{}, [], { a: 1 }, Hash.new(0), +"a"].map { advice(it, label: "Shop::CACHE", changed: true) })
      .to eq(["{}", "[]", "...", "...", "..."].map do |content|
        "it is changed while a request runs: keep one for each Ractor: Ractor.store_if_absent(:cache) { #{content} }"
      end)
  end

  it "is to keep one for each Ractor of a Hash with a block that fills it, which is an error once it is frozen" do
    expect(advice(Hash.new { |hash, key| hash[key] = 1 }, label: "Shop::CACHE"))
      .to eq("its default block may change it: keep one for each Ractor: " \
             "Ractor.store_if_absent(:cache) { Hash.new { ... } }")
  end

  it "does not look for ever for what keeps an object from being frozen" do
    list = Array.new(1000) { [it.to_s] }
    list << list
    expect(advice(list)).to start_with("make it deeply frozen")
  end

  it "is to freeze anything else" do
    expect([advice([]), advice(Object.new), advice(BasicObject.new)])
      .to all(start_with("make it deeply frozen: Ractor.make_shareable(...); if requests change it, "))
  end
end
