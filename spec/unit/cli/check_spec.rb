# frozen_string_literal: true

require "json"
require "stringio"
require "tmpdir"
require "kino/cli/check"
require "support/child"

RSpec.describe Kino::CLI::Check do
  let(:out) { StringIO.new }
  let(:err) { StringIO.new }

  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  def check(rackup = nil, **)
    File.write("config.ru", rackup) if rackup
    described_class.new(out:, err:).call(**)
  end

  def rackup(body, around = "")
    "#{around}\nmodule KinoCheckSpecApp\ndef self.call(env) = #{body}\nend\nrun KinoCheckSpecApp\n"
  end

  after { Object.send(:remove_const, :KinoCheckSpecApp) if Object.const_defined?(:KinoCheckSpecApp) }

  describe "the exit status" do
    it "is 0 for an app that is ready" do
      expect(check(rackup("[200, {}, []]"))).to eq(0)
      expect(out.string).to start_with("KinoCheckSpecApp (Ruby #{RUBY_VERSION}) can run on Ractors")
    end

    it "is 1 for an app that cannot run" do
      expect(check(rackup("$a"))).to eq(1)
      expect(out.string).to include("cannot run on Ractors", "config.ru:3: $a is read")
    end

    it "is 1 for an app that may run, and 0 once its requests have succeeded" do
      expect(check(rackup("env[\"a\"] ? $a : [200, {}, []]"))).to eq(1)
      expect(check(requests: ["GET /"], app: KinoCheckSpecApp)).to eq(0)
      expect(out.string).to include("tried in a Ractor: GET /\n")
    end

    it "is 1 if a request fails" do
      app = rackup("env[\"PATH_INFO\"] == \"/\" ? [200, {}, []] : raise(\"boo\")")
      expect(check(app, requests: ["GET /", "GET /b"])).to eq(1)
      expect(out.string).to include("GET /b: RuntimeError: boo")
    end
  end

  describe "JSON" do
    let(:parsed) { JSON.parse(out.string) }

    it "is the only output, even if the app prints while it loads" do
      expect(check("puts \"loading\"\n$stdout.puts \"more\"\n#{rackup("$a")}", json: true)).to eq(1)
      expect(parsed).to include("app" => "KinoCheckSpecApp", "verdict" => "blocked", "requests" => [])
      expect(parsed.fetch("findings").map { it.fetch("what") }).to eq(["$a is read"])
      expect(err.string).to eq("loading\nmore\n")
    end

    it "is the only output, even if the app or its child process writes to stdout" do
      app = rackup("system(\"echo three\") && [200, {}, []]")
      File.write("config.ru", "system(\"echo one\")\nSTDOUT.puts \"two\"\n#{app}")
      child = Child.kino("--check", "--json", "--request", "GET /", chdir: Dir.pwd)
      expect(JSON.parse(child.output)).to include("verdict" => "ready")
      expect(child.errors.lines(chomp: true)).to include("one", "two", "three")
    ensure
      child&.close
    end

    it "lists the requests" do
      check(rackup("[200, {}, []]"), json: true, requests: ["GET /"])
      expect(parsed).to include("verdict" => "ready", "requests" => ["GET /"])
    end
  end

  it "accepts a rackup file or the app itself" do
    File.write("other.ru", rackup("[200, {}, []]"))
    expect(check(rackup: "other.ru")).to eq(0)
    expect(check(app: ->(_env) { out })).to eq(1)
  end

  it "restores $stdout, even if the app cannot be loaded" do
    before = $stdout
    expect { check("raise \"boo\"") }.to raise_error(Kino::AppLoadError, /config\.ru:1: boo/)
    expect { check(rackup: "none.ru") }.to raise_error(Kino::AppLoadError, /none\.ru/)
    expect($stdout).to equal(before)
    expect(out.string).to eq("")
  end

  it "rejects an invalid request" do
    expect { check(rackup("1"), requests: ["boo"]) }.to raise_error(Kino::ConfigError, /not a request: "boo"/)
  end
end
