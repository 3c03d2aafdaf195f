# frozen_string_literal: true

require "kino/config/remedies"

RSpec.describe Kino::Config::Remedies do
  it "lists what can be called in any Ractor" do
    expect(described_class.list(ruby: "4.0.5"))
      .to eq("a module or class with a self.call method, or a Ractor.shareable_proc, or an object that is frozen all " \
             "the way down (Ractor.make_shareable)")
    expect(described_class.list(proc: false, object: false)).to eq("a module or class with a self.call method")
  end

  it "knows from which Ruby on a Proc can" do
    procs = %w[3.4.5 3.99 4.0.0 10.0].map { |ruby| described_class.list(ruby:).include?("shareable_proc") }
    expect(procs).to eq([false, false, true, true])
  end
end
