# frozen_string_literal: true

require "kino/errors"
require "kino/pool/exit_reason"

RSpec.describe Kino::Pool::ExitReason do
  it "has no error if the worker has left" do
    expect(described_class.of(:leaving)).to have_attributes(stage: :leaving, error: nil, full_message: nil)
  end

  it "has the error that the worker died of, with its backtrace" do
    error = RuntimeError.new("why").tap { |raised| raised.set_backtrace(["app.rb:1"]) }
    expect(described_class.of(:serving, error)).to have_attributes(
      stage: :serving, error:, full_message: "RuntimeError: why\n    app.rb:1"
    )
  end

  it "crosses Ractors as text, whose first line becomes a WorkerError" do
    reason = described_class.reported("boot", "RuntimeError: why\n    app.rb:1")
    expect(reason).to have_attributes(stage: :boot, full_message: "RuntimeError: why\n    app.rb:1")
    expect(reason.error).to be_a(Kino::WorkerError).and have_attributes(message: "RuntimeError: why")
    expect(described_class.reported("quarantined", nil)).to eq(described_class.of(:quarantined))
  end

  it "is reported even if the error's message method kills the thread" do
    deadly = Class.new(StandardError) { def message = Thread.current.kill }
    told = []
    Thread.new { described_class.report(:serving, deadly.new) { |reason| told << reason } }.join
    expect(told).to match([have_attributes(stage: :serving, full_message: /: \(it cannot be described\)\z/)])
  end

  it "is reported with the error's message" do
    told = []
    described_class.report(:boot, RuntimeError.new("boo")) { |reason| told << reason }
    described_class.report(:leaving, nil) { |reason| told << reason }
    expect(told.map(&:full_message)).to eq(["RuntimeError: boo", nil])
  end
end
