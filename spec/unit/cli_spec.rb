# frozen_string_literal: true

require "json"
require "open3"
require "rbconfig"
require "stringio"
require "tmpdir"
require "kino/cli"

RSpec.describe Kino::CLI do
  # Stands in for Kino::Server: takes what the command hands over and "starts" at once.
  let(:server_class) do
    Class.new do
      attr_reader :mode, :workers, :threads, :urls, :calls
      attr_accessor :error

      def initialize
        @mode = :ractor
        @workers = 2
        @threads = 1
        @urls = ["http://127.0.0.1:9292"]
        @calls = []
      end

      def run(app, **keywords)
        @calls << [app, keywords]
        raise error if error

        yield self
      end
    end
  end
  let(:server) { server_class.new }
  let(:out) { StringIO.new }
  let(:err) { StringIO.new }
  let(:env) { {} }
  let(:reexec) { ->(*words) { reexecs << words } }
  let(:reexecs) { [] }

  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  before { File.write("config.ru", "run ->(_env) { :answer }\n") }

  def start(*argv) = described_class.start(argv, out:, err:, env:, server:, reexec:)

  describe "a successful start" do
    it "runs the app with every setting, prints the address, and exits with 0" do
      expect(start("-p", "0", "--queue-timeout", "1.5")).to eq(0)
      app, keywords = server.calls.fetch(0)
      expect(app.call({})).to eq(:answer)
      expect(keywords).to include(port: 0, queue_timeout: 1.5, mode: :auto)
      expect(keywords.keys).to eq([:inherited, *Kino::Config::Directives::NAMES])
      expect(out.string).to include("mode: ractor", "\nlistening: http://127.0.0.1:9292\n")
      expect(err.string).to be_empty
    end

    it "considers a restart with the settings and the command line" do
      start("-w", "9")
      expect(reexecs).to match([[have_attributes(workers: 9), %w[-w 9]]])
    end

    it "considers the restart before it loads the app" do
      File.write("config.ru", "raise 'loaded'")
      start
      expect(reexecs.size).to eq(1)
    end
  end

  describe "the environment" do
    it "is put into RACK_ENV before the app is loaded" do
      File.write("config.ru", "ENV['RACK_ENV'] == 'staging' or raise ENV['RACK_ENV'].inspect\nrun ->(_) {}")
      previous = ENV.fetch("RACK_ENV", nil)
      expect(described_class.start(%w[-e staging], out:, err:, server:, reexec:)).to eq(0)
    ensure
      ENV["RACK_ENV"] = previous
    end

    it "comes from RACK_ENV unless the flag is given" do
      env["RACK_ENV"] = "production"
      start
      expect(env["RACK_ENV"]).to eq("production")
      start("-e", "test")
      expect(env["RACK_ENV"]).to eq("test")
    end

    it "is development by default" do
      start
      expect(env["RACK_ENV"]).to eq("development")
    end

    it "comes from RAILS_ENV if RACK_ENV is not set, for the app and for the config file" do
      File.write("kino.rb", "batch ENV['RACK_ENV'] == 'production' ? 2 : 3")
      File.write("config.ru", "ENV['RACK_ENV'] == 'production' or raise\nrun ->(_) {}")
      previous = ENV.slice("RACK_ENV", "RAILS_ENV")
      ENV.update("RACK_ENV" => nil, "RAILS_ENV" => "production")
      expect(described_class.start([], out:, err:, server:, reexec:)).to eq(0)
      expect(server.calls.dig(0, 1)).to include(batch: 2, environment: "production")
    ensure
      ENV.update("RACK_ENV" => nil, "RAILS_ENV" => nil, **previous)
    end

    it "overwrites a RAILS_ENV that is set if a flag or KINO_ENVIRONMENT names the environment" do
      [[%w[-e staging], {}], [[], { "KINO_ENVIRONMENT" => "staging" }]].each do |argv, told|
        env.merge!("RACK_ENV" => "test", "RAILS_ENV" => "production", **told)
        expect(start(*argv)).to eq(0)
        expect(env).to include("RACK_ENV" => "staging", "RAILS_ENV" => "staging")
      end
    end

    it "leaves RAILS_ENV unchanged otherwise" do
      env.merge!("RACK_ENV" => "production", "RAILS_ENV" => "staging")
      start
      expect(env).to include("RACK_ENV" => "production", "RAILS_ENV" => "staging")
      ["", nil].each do |unset|
        env["RAILS_ENV"] = unset
        start("-e", "test")
        expect(env).to include("RACK_ENV" => "test", "RAILS_ENV" => unset)
      end
    end

    it "is shown with the variable that it comes from" do
      env["RAILS_ENV"] = "production"
      start("--print-config")
      expect(out.string).to match(/^environment +production +RAILS_ENV$/)
    end

    it "is named as the source of an invalid value" do
      env["RACK_ENV"] = "a b"
      expect(start).to eq(2)
      expect(err.string).to end_with("got \"a b\" (from RACK_ENV)\n")
    end
  end

  it "warns of a misspelled variable, and continues" do
    env["KINO_PROT"] = "1"
    expect(start).to eq(0)
    expect(err.string).to eq("kino: warning: KINO_PROT sets nothing (did you mean KINO_PORT?)\n")
  end

  it "gives that warning for --print-config and --check too, but not before a restart of the command" do
    env["KINO_WORKER"] = "3"
    warning = "kino: warning: KINO_WORKER sets nothing (did you mean KINO_WORKERS?)\n"
    File.write("config.ru", "module Ready\n  def self.call(_) = [200, {}, []]\nend\nrun Ready")
    expect([start("--print-config"), start("--check", "--json")]).to eq([0, 0])
    expect(err.string).to eq(warning * 2)
    away = ->(*) { throw :away }
    catch(:away) { described_class.start([], out:, err:, env:, server:, reexec: away) }
    expect(err.string).to eq(warning * 2)
  end

  describe "--check" do
    it "reports its findings, and exits with 0 or 1" do
      File.write("config.ru", "module Ready\n  def self.call(_) = [200, {}, []]\nend\nrun Ready")
      expect(start("--check")).to eq(0)
      File.write("other.ru", "log = []\nrun ->(_) { log }")
      expect(start("--check", "other.ru")).to eq(1)
      expect([err.string, server.calls]).to eq(["", []])
      expect(out.string).to include("log")
    end

    it "calls the app with --request, and prints JSON with --json" do
      File.write("config.ru", "module Asked\n  def self.call(env) = raise(env['PATH_INFO'])\nend\nrun Asked")
      expect(start("--check", "--json", "--request", "GET /boo")).to eq(1)
      expect(JSON.parse(out.string).fetch("findings").to_s).to include("/boo")
    end
  end

  describe "the config file" do
    it "is read, and gives way to the environment and the flags" do
      File.write("kino.rb", "batch 2\nqueue_depth 2\nport 2\nrackup 'other.ru'")
      File.write("other.ru", "run ->(_env) { :other }\n")
      env["PORT"] = "3"
      expect(start("--queue-depth", "4")).to eq(0)
      app, keywords = server.calls.fetch(0)
      expect(app.call({})).to eq(:other)
      expect(keywords).to include(batch: 2, port: 3, queue_depth: 4, rackup: "other.ru")
    end

    it "is the file given with -C" do
      File.write("kino.rb", "batch 2")
      File.write("other.rb", "batch 3")
      start("-C", "other.rb")
      start("-C", "-")
      expect(server.calls.map { |_, keywords| keywords[:batch] }).to eq([3, 1])
    end

    it "sees in RACK_ENV the environment given on the command line" do
      File.write("kino.rb", "batch ENV['RACK_ENV'] == 'staging' ? 2 : 3")
      previous = ENV.fetch("RACK_ENV", nil)
      expect(described_class.start(%w[-e staging], out:, err:, server:, reexec:)).to eq(0)
      expect(server.calls.dig(0, 1)).to include(batch: 2, environment: "staging")
    ensure
      ENV["RACK_ENV"] = previous
    end

    it "is named in its errors" do
      File.write("kino.rb", "workers 1\nprot 2")
      expect(start).to eq(2)
      expect(err.string).to eq("kino: kino.rb:2: unknown directive: prot (did you mean port?)\n")
    end

    it "appears among the settings that --print-config shows" do
      File.write("kino.rb", "batch 2")
      expect(start("--print-config", "--port", "1")).to eq(0)
      expect(out.string).to match(/^batch +2 +kino\.rb:1$/).and match(/^port +1 +--port$/)
      expect(server.calls).to be_empty
    end

    it "is written by --init" do
      expect(start("--init", "-C", "config/kino.rb")).to eq(0)
      expect(out.string).to eq("wrote config/kino.rb\n")
      expect(start("--init")).to eq(2)
      expect(start).to eq(0)
    end
  end

  describe "help and version" do
    it "prints the help even beside invalid flags" do
      expect(start("-p", "x", "none.ru", "--help")).to eq(0)
      expect(out.string).to start_with("Usage: kino [options] [config.ru]\n")
      expect(server.calls).to be_empty
    end

    it "prints the version" do
      expect(start("-v")).to eq(0)
      expect(out.string).to eq("kino #{Kino::VERSION}\n")
    end
  end

  describe "errors" do
    def expect_line(status, line)
      expect(err.string).to match(line)
      expect(err.string.lines.size).to eq(1)
      expect(out.string).to be_empty
      expect(@status).to eq(status)
    end

    it "exits with 2 for an unknown flag" do
      @status = start("--prot", "1")
      expect_line(2, /\Akino: invalid option: --prot \(did you mean --port\?\); see kino --help$/)
    end

    it "exits with 2 for an invalid value" do
      @status = start("-w", "x")
      expect_line(2, /\Akino: workers must be auto or an integer from 1 to 1024, got "x" \(from --workers\)$/)
    end

    it "exits with 1 for a missing or broken rackup file" do
      File.write("config.ru", "raise 'boo'")
      @status = start
      expect_line(1, /\Akino: config\.ru:1: boo \(RuntimeError\)$/)
    end

    it "exits with 1 for an address in use" do
      server.error = Kino::BindError.new("127.0.0.1:9292 is taken")
      @status = start
      expect_line(1, /\Akino: 127\.0\.0\.1:9292 is taken$/)
    end

    it "exits with 1 for an app that cannot be shared, and with 2 for settings that the mode does not allow" do
      server.error = Kino::UnshareableAppError.new("no")
      expect(start).to eq(1)
      server.error = Kino::ConfigError.new("no")
      expect(start).to eq(2)
    end

    it "prints any other error on one line, with its class" do
      server.error = ArgumentError.new("bad\n\n  very bad")
      @status = start
      expect_line(1, /\Akino: ArgumentError: bad very bad \(--debug shows where\)$/)
    end

    it "prints the backtraces of the error and its cause with --debug" do
      File.write("config.ru", "raise 'boo'")
      expect(start("--debug")).to eq(1)
      expect(err.string).to include("app_loader.rb:", "(Kino::AppLoadError)", "config.ru:1:in", "(RuntimeError)")
    end

    it "prints nothing on Ctrl-C, and exits with the status that shells use" do
      server.error = Interrupt.new
      expect(start).to eq(130)
      expect(out.string + err.string).to be_empty
    end
  end

  describe "exe/kino" do
    let(:root) { File.expand_path("../..", __dir__) }

    def kino(*argv, env: {}) = Open3.capture3(env, RbConfig.ruby, "-I#{root}/lib", "#{root}/exe/kino", *argv)

    it "prints the help without the native extension" do
      out, err, status = kino("--help")
      expect(out).to start_with("Usage: kino")
      expect([err, status.exitstatus]).to eq(["", 0])
    end

    it "restarts itself once for more workers than the VM has threads for" do
      File.write("config.ru", "print ENV['RUBY_MAX_CPU'], ENV.key?('KINO_REEXEC')\nexit 3")
      out, err, status = kino("-w", "20", env: { "RUBY_MAX_CPU" => nil })
      ending = "kino: config.ru:2: it ends the process (exit 3) before it gives an app\n"
      expect([out, err, status.exitstatus]).to eq(["#{Kino::Config::Mode.max_cpu(20)}false", ending, 1])
    end

    it "exits with the status of the command" do
      _, err, status = kino("-p", "-1")
      expect(err).to eq("kino: port must be an integer from 0 to 65535, got \"-1\" (from --port)\n")
      expect(status.exitstatus).to eq(2)
    end
  end
end
