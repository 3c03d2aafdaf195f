# frozen_string_literal: true

require "tmpdir"
require "kino/config/summary"

RSpec.describe Kino::Config::Summary do
  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  def lines(env: {}, **flags)
    given = flags.to_h { |name, value| [name, Kino::Config::Given.new(value:, source: "--#{name}")] }
    described_class.lines(Kino::Config::Layers.load(flags: given, env:))
  end

  def row(name, lines) = lines.find { |line| line.start_with?("#{name} ") }.split(/ {2,}/)

  it "has a line for each directive, in order" do
    expect(lines.drop(1).map { |line| line[/\A\w+/].to_sym }).to eq(Kino::Config::Directives::NAMES)
  end

  it "shows each value in force, and its source" do
    File.write("kino.rb", "max_body_size '1MB'\nafter_boot { }\nbatch 2")
    all = lines(env: { "PORT" => "80" }, batch: "3")
    expect(all.first).to eq("# settings of kino.rb")
    expect(%w[max_body_size after_boot port batch queue_timeout].map { |name| row(name, all) })
      .to eq([%w[max_body_size 1MB kino.rb:1], %w[after_boot set kino.rb:2], %w[port 80 PORT], %w[batch 3 --batch],
              %w[queue_timeout 5s default]])
  end

  it "shows what auto means on this machine" do
    allow(Kino).to receive(:usable_cpus).and_return(6)
    all = lines
    expect(row("workers", all)).to eq(["workers", "auto (6)", "default"])
    expect(row("threads", all)).to eq(%w[threads auto default])
    expect(all.first).to eq("# no file of settings")
  end

  it "names the variable that a value comes from" do
    all = lines(env: { "RAILS_ENV" => "production", "RAILS_MAX_THREADS" => "5" })
    expect(row("environment", all)).to eq(%w[environment production RAILS_ENV])
    expect(row("threads", all)).to eq(%w[threads 5/process RAILS_MAX_THREADS])
    expect(row("environment", lines(env: { "RAILS_ENV" => "a", "RACK_ENV" => "b" }))).to eq(%w[environment b RACK_ENV])
  end

  it "shows where the port comes from" do
    expect(row("port", lines(bind: "tcp://localhost:80"))).to eq(%w[port 80 --bind])
    File.write("kino.rb", "bind 'tcp://localhost:80'")
    expect(row("port", lines)).to eq(%w[port 80 kino.rb:1])
    expect(row("port", lines(env: { "PORT" => "81" }))).to eq(%w[port 81 PORT])
  end

  it "raises for an invalid value" do
    expect { lines(env: { "PORT" => "x" }) }.to raise_error(Kino::ConfigError, /\(from PORT\)\z/)
  end
end
