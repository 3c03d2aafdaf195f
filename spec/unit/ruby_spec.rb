# frozen_string_literal: true

require "kino/ruby"

RSpec.describe Kino::Ruby do
  it "recognizes Ruby 4 and newer" do
    expect(%w[4.0.0 4.0.5 4.1.0 10.0.0]).to all(satisfy { |version| described_class.four?(version) })
    expect(%w[3.4.5 3.10.0]).to all(satisfy { |version| !described_class.four?(version) })
  end

  it "knows where Procs stop Ractors under YJIT" do
    versions = %w[3.4.5 3.10.0 4.0.0 4.0.5 4.1.0 4.10.0 5.0.0]
    expect(versions.select { |version| described_class.procs_stop_ractors?(version) }).to eq(versions.first(4))
  end
end
