# frozen_string_literal: true

require "kino/error_log"

RSpec.describe Kino::ErrorLog do
  it "describes an exception whose class method raises" do
    silent = Class.new(StandardError) do
      def class = raise("no class")
      def message = raise(self)
    end
    stub_const("Silent", silent)
    expect(described_class.full_message(Silent.new)).to start_with("Silent: (no message: Silent)")
    expect { described_class.exception(Silent.new) }.to output(/\Akino: Silent: /).to_stderr
  end

  let(:env) do
    { "REQUEST_METHOD" => "GET", "PATH_INFO" => "/a", "QUERY_STRING" => "", "SERVER_PROTOCOL" => "HTTP/1.1" }
  end

  # @return [Exception] raised, so that it has a backtrace
  def raised(error)
    raise error
  rescue Exception => e # rubocop:disable Lint/RescueException
    e
  end

  def entry(error, env = nil)
    written = []
    allow($stderr).to receive(:write) { |text| written << text }
    described_class.exception(error, env)
    expect(written.size).to eq(1)
    written.first
  end

  it "writes a line" do
    expect { described_class.line("something") }.to output("kino: something\n").to_stderr
  end

  it "writes an exception in one call: class, message, request line and backtrace" do
    text = entry(raised(ArgumentError.new("no")), env)
    expect(text).to match(%r{\Akino: ArgumentError: no \(GET /a HTTP/1\.1\)\n    #{__FILE__}:\d+:in .*\n})
  end

  it "has the query in the request line" do
    expect(entry(raised("no"), env.merge("QUERY_STRING" => "b=c"))).to include(" (GET /a?b=c HTTP/1.1)\n")
  end

  it "works without a request or a backtrace" do
    expect(entry(ArgumentError.new("no"))).to eq("kino: ArgumentError: no\n")
  end

  it "joins a message of several lines" do
    expect(entry(ArgumentError.new("one\n  two\r\n\nthree"))).to eq("kino: ArgumentError: one | two | three\n")
  end

  it "accepts messages that are not valid text" do
    expect(entry(ArgumentError.new("\xff".b.force_encoding("UTF-8")))).to eq("kino: ArgumentError: ?\n")
    error = Class.new(StandardError) { def message = nil }
    stub_const("Wordless", error)
    expect(entry(Wordless.new)).to eq("kino: Wordless: \n")
  end

  it "accepts exceptions whose message method raises" do
    stub_const("Mute", Class.new(StandardError) { def message = raise("nothing to say") })
    expect(entry(Mute.new)).to eq("kino: Mute: (no message: RuntimeError)\n")
  end

  it "writes the causes" do
    cause = raised(KeyError.new("deep"))
    error = begin
      raise "high", cause:
    rescue RuntimeError => e
      e
    end
    expect(entry(error)).to match(/\Akino: RuntimeError: high\n(    .*\n)+  caused by KeyError: deep\n(    .*\n)+\z/)
  end

  it "never writes a message that could pass for another entry" do
    expect(entry(ArgumentError.new("x\nkino: RuntimeError: forged")).lines.size).to eq(1)
  end

  describe "with a device that fails" do
    let(:broken) do
      Class.new do
        def write(*) = raise(NotImplementedError, "no device")
        def flush = raise("no device")
      end.new
    end

    around do |example|
      former = $stderr
      $stderr = broken
      example.run
    ensure
      $stderr = former
    end

    it "raises nothing" do
      described_class.line("something")
      described_class.exception(RuntimeError.new("why"))
      described_class.flush
    end
  end
end
