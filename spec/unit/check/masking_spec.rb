# frozen_string_literal: true

require "json"
require "kino/check"
require "kino/check/masking"

RSpec.describe Kino::Check::Masking do
  it "shows what is made of words" do
    words = %w[name secret_key_base content-type X-Request-Id HTTP_ACCEPT application/json /users/:id /users/42 utf8 v1
               2026-11-30 *.rb UserProfile empty?] + ["GET /orders", "", "a b"]
    expect(words.map { described_class.show(it) }).to eq(words.map(&:dump))
    expect(%i[a empty? []= user_id].map { described_class.show(it) }).to eq(%w[:a :empty? :[]= :user_id])
  end

  it "shows nothing of what is long, or changes as words do not" do
    secrets = [SecretSamples::HEX, "a8f3k2", "x9$Kq2!z", "aGVsbG8gd29ybGQ=", "GGkdjsHHSbb", "deadbeef12345678",
               "f00d-4ead-9c1b-77aa", "word " * 20, "abcdefghijklmnopqrstuvwxyzabcdef", "\xff\xfe123", "eyJhbGciOi"]
    expect(secrets.map { described_class.show(it) }).to eq(secrets.map { "String of #{it.length} characters" })
    expect(described_class.show(SecretSamples::HEX.to_sym)).to eq("Symbol of 64 characters")
  end

  it "copes with any encoding" do
    expect(described_class.show("some words".encode("UTF-16LE"))).to eq("String of 10 characters")
  end

  it "holds for the report, as text and as JSON" do
    app = Class.new { def call(_env) = [200, {}, []] }.new
    app.instance_variable_set(:@keys, { SecretSamples::HEX => [Thread::Mutex.new], "salt" => Thread::Mutex.new })
    report = Kino::Check.report(app)
    [report.to_s, report.to_json].each do |text|
      expect(text).to include("@keys[String of 64 characters]").and(match(/@keys\[\\*"salt\\*"\]/))
      expect(text).not_to include(SecretSamples::HEX[0, 8])
    end
  end
end

# NewObject up.
module SecretSamples
  HEX = "3f9a1c7e5b2d8064" * 4
end
