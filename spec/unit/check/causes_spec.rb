# frozen_string_literal: true

require "kino/check/causes"

RSpec.describe Kino::Check::Causes do
  let(:causes) { described_class::ALL }

  it "knows of each what heads it, what to do, and what to begin with" do
    causes.each_value do |cause|
      expect([cause.title, cause.fix, cause.first]).to all(be_a(String).and(match(/\A\S.*\S\z/)))
    end
  end

  it "heads no two alike" do
    expect(causes.values.map(&:title).uniq.size).to eq(causes.size)
  end

  it "begins with what the app holds, and ends with what was tried" do
    expect([causes.keys.first, causes.keys.last]).to eq(%i[no_app failure])
  end

  it "takes what is frozen, and what has nothing to do with Ractors, for something that threads raise too" do
    expect(causes.select { |_name, cause| cause.anywhere }.keys).to eq(%i[no_app frozen failure])
  end

  it "is the same for all" do
    expect(Ractor).to be_shareable(causes)
  end
end
