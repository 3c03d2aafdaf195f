# frozen_string_literal: true

require "kino/cli/arguments"

RSpec.describe Kino::CLI::Arguments do
  def parse(*argv) = described_class.parse(argv)

  def values(*argv) = parse(*argv).flags.transform_values(&:value)

  it "serves config.ru with nothing set" do
    expect(parse).to eq(described_class.new(action: :serve, flags: {}, options: {}))
  end

  it "refuses bytes that are no text, wherever they stand" do
    [["\xff.ru"], ["--\xff"], ["-w", "\xff"], ["--check", "--request", "GET /\xff"]].each do |words|
      expect { parse(*words) }
        .to raise_error(Kino::CLI::UsageError, /\Ano text in UTF-8: ".*\\xFF.*"; see kino --help\z/)
    end
  end

  it "takes short flags, values attached or not" do
    expect(values("-w2", "-p", "80", "-t3", "-m", "ractor", "-e", "test", "-b", "::1"))
      .to eq(workers: "2", port: "80", threads: "3", mode: "ractor", environment: "test", bind: "::1")
  end

  it "takes long flags, values attached or not" do
    expect(values("--queue-depth=5", "--max-body-size", "none")).to eq(queue_depth: "5", max_body_size: "none")
  end

  it "takes the file by its flag, too" do
    expect(values("--rackup", "a.ru")).to eq(rackup: "a.ru")
    expect(values("-R", "a.ru")).to eq(rackup: "a.ru")
  end

  it "takes an action, and what goes with it" do
    expect(parse("--check", "--json", "--request", "GET /", "--request=POST /a"))
      .to have_attributes(action: :check, options: { json: true, request: ["GET /", "POST /a"] })
    expect(parse("--init", "--force", "--from", "puma.rb", "-C", "a.rb"))
      .to have_attributes(action: :init, options: { force: true, from: "puma.rb", config: "a.rb" })
    expect(parse("--print-config", "-C", "-")).to have_attributes(action: :print_config, options: { config: "-" })
  end

  it "has every action and every option of one in the help" do
    help = described_class.help
    described_class::ACTIONS.each_value { |text| expect(help).to include(text) }
    described_class::OPTIONS.each_value do |action, flag, text|
      expect(help).to match(/ #{flag} +with --#{action}: #{text}$/)
    end
  end

  it "takes the file before, between or after the flags" do
    [%w[a.ru -p 1], %w[-p 1 a.ru], %w[-p 1 -- a.ru]].each do |argv|
      expect(values(*argv)).to eq(rackup: "a.ru", port: "1")
    end
  end

  it "leaves argv as it is" do
    argv = %w[-p 1 a.ru].freeze
    expect { described_class.parse(argv) }.not_to raise_error
  end

  it "may say the same twice, and asks for help beside anything" do
    expect(parse("--check", "--check").action).to eq(:check)
    beside = [%w[--check --help], %w[--help --check], %w[--init -w 4 -h]]
    expect(beside.map { |argv| parse(*argv).action }).to all(eq(:help))
    expect(parse("--version", "--init", "my.ru").action).to eq(:version)
  end

  it "does not check values, so that help works beside a wrong one" do
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
