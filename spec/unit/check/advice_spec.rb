# frozen_string_literal: true

require "kino/check/advice"

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

  it "is to freeze anything else" do
    expect([advice([]), advice(Object.new), advice(BasicObject.new)])
      .to all(start_with("make it deeply frozen: Ractor.make_shareable(...); if requests change it, "))
  end
end
