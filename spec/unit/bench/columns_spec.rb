# frozen_string_literal: true

require_relative "../../../bench/support/compare/columns"

RSpec.describe Bench::Columns do
  let(:topology) { Bench::Topology.new(workers: 2, threads: nil) }

  def launcher(name) = described_class.named([name]).first.launcher

  it "starts Kino of this checkout, with YJIT and without Bundler" do
    command = launcher("kino-threaded").command(1234, topology)
    expect(command).to include("-I#{Bench::ROOT}/lib", "#{Bench::ROOT}/exe/kino").and end_with(%w[--mode threaded])
    expect(command.each_cons(2)).to include(%w[--port 1234], %w[--workers 2])
    expect(launcher("kino-threaded").environment).to include("RUBYOPT" => "--yjit", "RUBYLIB" => nil)
  end

  it "starts another checkout, in ractor mode unless its flags say otherwise" do
    commands = ["before=/other", "before=/other --mode threaded --batch 4"].map do |text|
      described_class.also(text).launcher.command(1234, topology)
    end
    expect(commands.map { |command| command[1] }).to all(eq("-I/other/lib"))
    expect(commands[0].last(2)).to eq(%w[--mode ractor])
    expect(commands[1].last(4)).to eq(%w[--mode threaded --batch 4])
  end

  it "starts the engine's Rust workers with the dispatch of their column" do
    expect(launcher("engine").command(1234, topology).drop(1)).to eq(%w[1234 2 1 driven])
    expect(launcher("engine-queue").command(1234, topology).drop(1)).to eq(%w[1234 2 1])
  end
end
