# frozen_string_literal: true

require_relative "../../../bench/support/compare/columns"
require_relative "../../../bench/support/compare/extension_build"

RSpec.describe Bench::Columns do
  let(:topology) { Bench::Topology.new(workers: 2, threads: nil) }

  def command(column) = column.launcher.command(1234, topology)

  it "makes Kinos that differ in their flags" do
    columns = described_class.kinos({ "one" => %w[--batch 1], "two" => %w[--batch 2] })
    expect(columns.map(&:name)).to eq(%w[one two])
    expect(columns.map { |column| command(column).last(2) }).to eq([%w[--batch 1], %w[--batch 2]])
  end

  it "gives Kinos an environment besides that of all sides" do
    column = described_class.kinos({ "one" => [] }, environment: { "MALLOC_ARENA_MAX" => "16" }).first
    expect(column.launcher.environment).to include("MALLOC_ARENA_MAX" => "16", "RUBYOPT" => "--yjit")
  end

  it "loads another build of the extension before the checkout's" do
    build = Bench::ExtensionBuild.new("other", cargo_args: %w[--no-default-features])
    column = described_class.kinos({ "one" => [] }, extension: build).first
    expect(command(column).grep(/\A-I/)).to eq(["-I#{build.load_path}", "-I#{Bench::ROOT}/lib"])
  end

  it "makes engines that differ in their words" do
    column = described_class.engines({ "lanes-4" => ["lanes", 4] }).first
    expect(command(column).drop(1)).to eq(%w[1234 2 1 lanes 4])
  end

  it "builds the extension in a target folder of its own" do
    builds = %w[a b].map { |name| Bench::ExtensionBuild.new(name, cargo_args: ["--features", name]).environment }
    expect(builds.map { |build| build["RB_SYS_EXTRA_CARGO_ARGS"] }).to eq(["--features a", "--features b"])
    expect(builds.map { |build| build["RB_SYS_CARGO_TARGET_DIR"] }.uniq.size).to eq(2)
  end
end
