# frozen_string_literal: true

require "kino/cli/arguments"

RSpec.describe Kino::CLI::Arguments do
  def parse(*argv) = described_class.parse(argv)

  def values(*argv) = parse(*argv).flags.transform_values(&:value)

  it "serves config.ru by default" do
    expect(parse).to eq(described_class.new(action: :serve, flags: {}, options: {}))
  end

  it "rejects bytes that are not valid text, in any position" do
    [["\xff.ru"], ["--\xff"], ["-w", "\xff"], ["--check", "--request", "GET /\xff"]].each do |words|
      expect { parse(*words) }
        .to raise_error(Kino::CLI::UsageError, /\Ano text in UTF-8: ".*\\xFF.*"; see kino --help\z/)
    end
  end

  it "accepts short flags with their values attached or separate" do
    expect(values("-w2", "-p", "80", "-t3", "-m", "ractor", "-e", "test", "-b", "::1"))
      .to eq(workers: "2", port: "80", threads: "3", mode: "ractor", environment: "test", bind: ["::1"])
  end

  it "accepts several addresses" do
    expect(values("-b", "a", "--bind=b c")).to eq(bind: ["a", "b c"])
  end

  it "accepts long flags with their values attached or separate" do
    expect(values("--queue-depth=5", "--max-body-size", "none")).to eq(queue_depth: "5", max_body_size: "none")
  end

  it "accepts the rackup file by its flag, too" do
    expect(values("--rackup", "a.ru")).to eq(rackup: "a.ru")
    expect(values("-R", "a.ru")).to eq(rackup: "a.ru")
  end

  it "accepts an action with its options" do
    expect(parse("--check", "--json", "--request", "GET /", "--request=POST /a"))
      .to have_attributes(action: :check, options: { json: true, request: ["GET /", "POST /a"] })
    expect(parse("--init", "--force", "--from", "puma.rb", "-C", "a.rb"))
      .to have_attributes(action: :init, options: { force: true, from: "puma.rb", config: "a.rb" })
    expect(parse("--print-config", "-C", "-")).to have_attributes(action: :print_config, options: { config: "-" })
  end

  it "lists every action and its options in the help" do
    help = described_class.help
    described_class::ACTIONS.each_value { |text| expect(help).to include(text) }
    described_class::OPTIONS.each_value do |action, flag, text|
      expect(help).to match(/ #{flag} +with --#{action}: #{text}$/)
    end
  end

  it "accepts the rackup file before, between or after the flags" do
    [%w[a.ru -p 1], %w[-p 1 a.ru], %w[-p 1 -- a.ru]].each do |argv|
      expect(values(*argv)).to eq(rackup: "a.ru", port: "1")
    end
  end

  it "does not change argv" do
    argv = %w[-p 1 a.ru].freeze
    expect { described_class.parse(argv) }.not_to raise_error
  end

  it "accepts a repeated flag, and --help beside any other" do
    expect(parse("--check", "--check").action).to eq(:check)
    beside = [%w[--check --help], %w[--help --check], %w[--init -w 4 -h]]
    expect(beside.map { |argv| parse(*argv).action }).to all(eq(:help))
    expect(parse("--version", "--init", "my.ru").action).to eq(:version)
  end

  it "does not check values, so that --help works beside an invalid one" do
    expect(parse("-p", "nonsense", "--help").action).to eq(:help)
    expect(parse("-v").action).to eq(:version)
  end

  {
    %w[--prot 1] => "invalid option: --prot (did you mean --port?); see kino --help",
    %w[--prot=1] => "invalid option: --prot=1 (did you mean --port?); see kino --help",
    %w[--zzzzzz] => "invalid option: --zzzzzz; see kino --help",
    %w[--work 2] => "invalid option: --work (did you mean --workers?); see kino --help",
    %w[--port] => "missing argument: --port; see kino --help",
    %w[--debug=1] => "needless argument: --debug=1; see kino --help",
    %w[a.ru b.ru] => "one rackup file at most, got a.ru and b.ru; see kino --help",
    %w[a.ru --rackup b.ru] => "one rackup file at most, got a.ru and b.ru; see kino --help",
    %w[--json] => "--json goes with --check only; see kino --help",
    %w[--init --json] => "--json goes with --check only; see kino --help",
    %w[--check --force] => "--force goes with --init only; see kino --help",
    %w[--init -w 4] => "--init takes no setting, got --workers; see kino --help",
    %w[--init -C a.rb my.ru] => "--init takes no setting, got my.ru; see kino --help",
    %w[--init -R my.ru -t1] => "--init takes no setting, got --rackup; see kino --help",
    %w[--check --init] => "--check and --init do not go together; see kino --help",
    %w[--init --force --print-config] => "--init and --print-config do not go together; see kino --help",
    %w[--check --chekc] => "invalid option: --chekc (did you mean --check?); see kino --help"
  }.each do |argv, message|
    it "refuses #{argv.join(" ")}" do
      expect { parse(*argv) }.to raise_error(Kino::CLI::UsageError, message)
    end
  end
end
