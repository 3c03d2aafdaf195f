# frozen_string_literal: true

require "kino/config/directives"

RSpec.describe Kino::Config::Directive do
  subject(:directive) do
    described_class.new(name: :some_count, section: :limits, type: Kino::Config::Types::Whole.new(range: 1..3),
                        default: 2, summary: "a count", doc: "A count of something.")
  end

  it "derives its flag from its name" do
    expect(directive.flag).to eq("--some-count")
  end

  it "derives its variable from its name, and adds the conventional one" do
    expect(directive.variables).to eq(["KINO_SOME_COUNT"])
    expect(directive.with(variable: "COUNT").variables).to eq(%w[KINO_SOME_COUNT COUNT])
    expect(directive.with(variable: %w[COUNT OTHER]).variables).to eq(%w[KINO_SOME_COUNT COUNT OTHER])
    expect(directive.with(type: Kino::Config::Types::Callable.new, variable: "COUNT").variables).to eq([])
  end

  it "coerces values by its type" do
    expect(directive.coerce("3", source: "--some-count")).to eq(3)
  end

  it "says in its error what is allowed, what was given, and where" do
    expect { directive.coerce("x", source: "--some-count") }
      .to raise_error(Kino::ConfigError, 'some_count must be an integer from 1 to 3, got "x" (from --some-count)')
  end

  it "accepts a Symbol for a word, whatever the type" do
    words = { workers: :auto, request_timeout: :none, max_body_size: :none, pidfile: :none, lanes: :on, mode: :ractor,
              environment: :test, bind: :localhost }
    words.each do |name, word|
      other = Kino::Config::Directives[name]
      expect(other.coerce(word, source: "a test")).to eq(other.coerce(word.name, source: "a test"))
    end
    expect { directive.coerce(:x, source: "a test") }.to raise_error(Kino::ConfigError, /got :x \(from a test\)\z/)
  end

  it "rejects text with an invalid encoding" do
    expected = /\Asome_count must be an integer from 1 to 3, got .* \(from --some-count\)\z/m
    ["3".encode("UTF-16LE"), "3".encode("UTF-32BE"), "3".dup.force_encoding("UTF-7"), "\xff"].each do |text|
      expect { directive.coerce(text, source: "--some-count") }.to raise_error(Kino::ConfigError, expected)
    end
    Kino::Config::Directives::ALL.each do |other|
      ["1".encode("UTF-16LE"), "one".encode("UTF-16LE").to_sym].each do |text|
        expect { other.coerce(text, source: "a test") }.to raise_error(Kino::ConfigError)
      end
    end
    expect(directive.coerce("3".encode("ISO-8859-15"), source: "--some-count")).to eq(3)
  end
end
