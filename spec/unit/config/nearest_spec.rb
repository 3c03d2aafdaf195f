# frozen_string_literal: true

require "kino/config/nearest"

RSpec.describe Kino::Config::Nearest do
  it "names what is near" do
    expect(described_class.hint(:workerz, %i[workers threads])).to eq(" (did you mean workers?)")
  end

  it "is silent if nothing is near" do
    expect(described_class.hint("zzz", %w[workers threads])).to eq("")
  end

  it "is silent if Ruby runs without did_you_mean" do
    hide_const("DidYouMean")
    expect(described_class.hint(:workerz, %i[workers])).to eq("")
  end
end
