# frozen_string_literal: true

require "kino/config/environment"

RSpec.describe Kino::Config::Environment do
  def read(**env) = described_class.read(env.transform_keys(&:to_s))

  def given(value, source) = Kino::Config::Given.new(value:, source:)

  it "reads KINO_ and the name of any directive that can be written as text" do
    Kino::Config::Directives::ALL.select(&:flag).each do |directive|
      name = "KINO_#{directive.name.to_s.upcase}"
      expect(read(name => "x")).to eq(directive.name => given("x", name))
    end
  end

  it "reads the variables that platforms set for any server" do
    expect(read(PORT: "1", RACK_ENV: "test", WEB_CONCURRENCY: "2"))
      .to eq(port: given("1", "PORT"), environment: given("test", "RACK_ENV"), workers: given("2", "WEB_CONCURRENCY"))
  end

  it "reads the variables of Rails, with RAILS_MAX_THREADS as the number for the whole process" do
    expect(read(RAILS_ENV: "test", RAILS_MAX_THREADS: "5"))
      .to eq(environment: given("test", "RAILS_ENV"), threads: given("5/process", "RAILS_MAX_THREADS"))
    expect(read(RACK_ENV: "production", RAILS_ENV: "test", KINO_THREADS: "2", RAILS_MAX_THREADS: "5"))
      .to eq(environment: given("production", "RACK_ENV"), threads: given("2", "KINO_THREADS"))
  end

  it "prefers Kino's own variable if both are set" do
    expect(read(PORT: "1", KINO_PORT: "2")).to eq(port: given("2", "KINO_PORT"))
  end

  it "treats an empty variable as not set" do
    expect(read(PORT: "", KINO_PORT: "", KINO_WORKERS: "")).to eq({})
    expect(read(PORT: "1", KINO_PORT: "")).to eq(port: given("1", "PORT"))
  end

  it "warns of a misspelled directive, and of nothing else" do
    env = { "KINO_WORKRES" => "2", "KINO_RUBY" => "x", "KINO_CACHE" => "x", "KINO_PORT" => "1", "WORKRES" => "1",
            "KINO_" => "" }
    expect(described_class.slips(env)).to eq(["KINO_WORKRES sets nothing (did you mean KINO_WORKERS?)"])
  end

  it "ignores other variables, and hooks" do
    expect(read(KINO_RUBY: "x", KINO_AFTER_BOOT: "x", kino_port: "1")).to eq({})
  end
end
