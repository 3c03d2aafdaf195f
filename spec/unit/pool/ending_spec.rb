# frozen_string_literal: true

require "kino/errors"
require "kino/pool/ending"

RSpec.describe Kino::Pool::Ending do
  it "has nothing to tell of a worker that has left" do
    expect(described_class.of(:leaving)).to have_attributes(stage: :leaving, error: nil, full_message: nil)
  end

  it "tells what a worker died of, with the backtrace" do
    error = RuntimeError.new("why").tap { |raised| raised.set_backtrace(["app.rb:1"]) }
    expect(described_class.of(:serving, error)).to have_attributes(
      stage: :serving, error:, full_message: "RuntimeError: why\n    app.rb:1"
    )
  end

  it "crosses from one Ractor to another as text: a WorkerError has its first line" do
    ending = described_class.told("boot", "RuntimeError: why\n    app.rb:1")
    expect(ending).to have_attributes(stage: :boot, full_message: "RuntimeError: why\n    app.rb:1")
    expect(ending.error).to be_a(Kino::WorkerError).and have_attributes(message: "RuntimeError: why")
    expect(described_class.told("set_aside", nil)).to eq(described_class.of(:set_aside))
  end

  it "is reported though the message of the error kills the thread that asks for it" do
    deadly = Class.new(StandardError) { def message = Thread.current.kill }
    told = []
    Thread.new { described_class.report(:serving, deadly.new) { |ending| told << ending } }.join
    expect(told).to match([have_attributes(stage: :serving, full_message: /: \(it cannot be described\)\z/)])
  end

  it "is reported with what the error says" do
    told = []
    described_class.report(:boot, RuntimeError.new("boo")) { |ending| told << ending }
    described_class.report(:leaving, nil) { |ending| told << ending }
    expect(told.map(&:full_message)).to eq(["RuntimeError: boo", nil])
  end
end
