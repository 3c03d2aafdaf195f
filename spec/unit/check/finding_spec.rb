# frozen_string_literal: true

require "kino/check/finding"

RSpec.describe Kino::Check::Finding do
  def finding(certainty) = described_class.new(cause: :global, certainty:, what: "w", place: nil, path: "p", fix: "f")

  it "is certain where it says so" do
    expect(finding(:certain)).to be_certain
    expect(finding(:possible)).not_to be_certain
  end

  it "is a frozen value, and gives what it consists of" do
    expect(finding(:certain)).to eq(finding(:certain)).and be_frozen
    expect(finding(:certain).to_h)
      .to eq({ cause: :global, certainty: :certain, what: "w", place: nil, path: "p", fix: "f" })
  end
end
