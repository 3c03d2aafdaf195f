# frozen_string_literal: true

require "kino/config/settings"
require "kino/cli/reexec"

RSpec.describe Kino::CLI::Reexec do
  let(:calls) { [] }
  let(:exec) { ->(*words) { calls << words } }

  def call(env: {}, workers: 9, **keywords)
    settings = Kino::Config::Settings.resolve(workers:, **keywords)
    described_class.new(env:, exec:).call(settings, %w[-w 9 app.ru])
  end

  it "starts the same command with the same Ruby, and RUBY_MAX_CPU set" do
    call
    env, ruby, *words = calls.fetch(0)
    expect(env).to eq("RUBY_MAX_CPU" => Kino::Config::Mode.max_cpu(9).to_s, "KINO_REEXEC" => "1")
    expect(ruby).to eq(RbConfig.ruby)
    expect(words.last(4)).to eq([$PROGRAM_NAME, "-w", "9", "app.ru"])
  end

  it "reckons with workers that may be quarantined" do
    call(workers: 6, quarantine_timeout: 1, quarantine_max: 2)
    expect(calls).to eq([])
    call(workers: 6, quarantine_timeout: 1, quarantine_max: 3)
    expect(calls.fetch(0).first).to include("RUBY_MAX_CPU" => Kino::Config::Mode.max_cpu(9).to_s)
  end

  it "passes on the -I directories in order if the system does not tell Ruby's options" do
    allow(Kino::Program).to receive(:options).and_return(nil)
    $LOAD_PATH.unshift("/a/b", "/a/c")
    call
    given = calls.fetch(0).grep(/\A-I/).map { |flag| flag.delete_prefix("-I") }
    expect(given).to eq($LOAD_PATH.map(&:to_s) & given)
    expect(given).to start_with("/a/b", "/a/c")
    expect(given).not_to include(RbConfig::CONFIG["rubylibdir"], *Gem.loaded_specs["rack"]&.full_require_paths)
  ensure
    $LOAD_PATH.shift(2)
  end

  it "restarts if RUBY_MAX_CPU is too small" do
    call(env: { "RUBY_MAX_CPU" => "8" })
    expect(calls.size).to eq(1)
  end

  it "does nothing for 8 workers, in threaded mode or with enough cores" do
    call(workers: 8)
    call(mode: :threaded)
    call(env: { "RUBY_MAX_CPU" => "9" })
    expect(calls).to be_empty
  end

  it "does nothing the second time, and removes the mark" do
    env = { "KINO_REEXEC" => "1" }
    call(env:)
    expect(calls).to be_empty
    expect(env).to be_empty
  end

  it "lets the server start anyway if the restart fails" do
    failing = ->(*) { raise Errno::E2BIG }
    reexec = described_class.new(env: {}, exec: failing)
    expect { reexec.call(Kino::Config::Settings.resolve(workers: 9), []) }.not_to raise_error
  end
end
