# frozen_string_literal: true

require "kino"

RSpec.describe Kino::Demotion do
  subject(:demotion) { described_class.new(server_id: 7, settings: Kino::Config::Settings.resolve) }

  def isolation = Ractor::IsolationError.new("can not access x")

  def wrapping(cause)
    raise cause
  rescue StandardError
    begin
      raise "wrapped"
    rescue StandardError => error
      error
    end
  end

  def served(*counts) = allow(Kino::Native).to receive(:stats).with(7).and_return(*counts.map { { served: it } })

  it "recognizes what only a Ractor raises, as a cause too" do
    block = RuntimeError.new("defined with an un-shareable Proc in a different Ractor")
    found = [isolation, Ractor::UnsafeError.new, Ractor::MovedError.new, block, wrapping(block)]
    expect(found.map { described_class::RactorOnlyError.in(it) }).to eq([*found.first(4), block])
  end

  it "recognizes it whatever bytes its message has" do
    error = Ractor::IsolationError.new("can not access caf\xe9")
    expect(described_class::RactorOnlyError.in(error)).to be(error)
  end

  it "reports a request whatever bytes the app has put into its env" do
    env = { "REQUEST_METHOD" => "GET", "PATH_INFO" => "/\xC3\xA9\nb".b, "QUERY_STRING" => "q=caf\u00e9" }
    allow(Kino::Native).to receive(:relieve)
    detector = described_class::Detector.new(server_id: 7, since: Process.clock_gettime(Process::CLOCK_MONOTONIC))
    expect(detector.report(isolation, env)).to be(true)
    expect(Kino::Native).to have_received(:relieve).with(7, %r{\AGET /\?\? b\?q=café\nRactor::IsolationError: })
  end

  it "can be loaded without RubyGems" do
    command = [{ "RUBYOPT" => nil }, RbConfig.ruby, "--disable-gems", "-I#{File.expand_path("../../lib", __dir__)}",
               "-e"]
    expect(IO.popen([*command, "require 'kino'; print defined?(Gem).inspect, Kino::Demotion"], &:read))
      .to eq("nilKino::Demotion")
  end

  it "does not report what threads raise as well" do
    procs = begin
      Ractor.make_shareable(proc {})
    rescue Ractor::IsolationError => error
      error
    end
    others = [RuntimeError.new("no"), Class.new(StandardError) { def message = raise("no") }.new, procs]
    expect(others.map { described_class::RactorOnlyError.in(it) }).to all(be_nil)
  end

  it "relieves the Ractors after ten errors within 1,000 requests, and not if they are rarer" do
    served(*Array.new(10) { |number| 1000 + (number * 112) }, *Array.new(9) { |number| 2100 + number })
    allow(Kino::Native).to receive(:relieve)
    allow(Kino::ErrorLog).to receive(:line)
    10.times { demotion.receive("reported", "GET /\nE: no\n") }
    expect(Kino::Native).not_to have_received(:relieve)
    9.times { demotion.receive("reported", "GET /\nE: no\n") }
    expect(Kino::Native).to have_received(:relieve).with(7, "GET /\nE: no\n").at_least(:once)
    expect(Kino::ErrorLog).to have_received(:line).with(/stays on Ractors/).once
  end

  it "logs no request that a shell would execute" do
    allow(Kino::ErrorLog).to receive(:line)
    demotion.receive("relieved", "GET /$(id)\nE: no\n    /app.rb:3:in 'call'\n")
    expect(demotion).to be_due
    demotion.finish(2)
    expect(demotion).not_to be_due
    expect(Kino::ErrorLog).to have_received(:line).with(%r{ at /app\.rb:3\. .*--request "GET /\.\.\." tells}).once
  end
end
