# frozen_string_literal: true

require "kino/check"
require "json"
require "support/child"

# Compares the check's verdict on an app with the result of calling the app in a Ractor. The expected results are not
# written down: this Ruby decides, and the next one may differ.
RSpec.describe Kino::Check, limit: 180 do
  # Apps that work although the check does not call them ready, and the reasons.
  false_alarms = {
    "what raises stands on a path that nobody asks for" => "what clients ask for is not to be read from the code",
    "predicate that is true here" => "what a request says is not to be read from the code",
    "variable that a block clears" => "what is left of it when the block has run is not computed",
    "one of two, the good one" => "what a request says is not to be read from the code",
    "one of two is changed" => "what a request says is not to be read from the code",
    "returns out of blocks" => "that none of them ends is not to be read from the code",
    "class opened by its full name, changes of what is not there" => "neither is to be seen",
    "Rack::Cascade" => "its second app cannot run, and is asked only where the first has no answer",
    "Logger, made in the request" => "what stands in a branch is for loggers that write to a file",
    "Rack::ShowExceptions" => "the page is for errors, and the app raises none",
    "autoload in the request" => "what is not loaded cannot be read",
    "require_relative in the request" => "what is not loaded cannot be read"
  }

  before(:context) do
    child = Child.new(RbConfig.ruby, "-I#{Child::ROOT}/lib", "-I#{Child::ROOT}/spec", "spec/support/check_truth.rb")
    @rows = HangGuard.watch(limit: 150) { child.output.lines.map { |line| JSON.parse(line, symbolize_names: true) } }
    @errors = child.errors
  ensure
    child&.close
  end

  let(:rows) { @rows }

  def named(&) = rows.select(&).to_h { |row| [row[:name], row[:error] || row[:findings]] }

  def text(finding) = finding.values.join("\n")

  it "runs for every app, and no app hangs" do
    expect(@errors).to eq("")
    expect(rows.size).to be >= 40
    expect(named { |row| row[:works].nil? || row[:verdict] == "raised" }).to eq({})
  end

  it "does not call an app ready if it raises" do
    expect(named { |row| row[:verdict] == "ready" && !row[:works] }).to eq({})
  end

  it "does not let mode auto pick Ractors for an app that raises in a Ractor and works on threads" do
    astray = named { |row| row[:shareable] && row[:foreseen].nil? && !row[:works] }
    # A frozen app stays frozen on threads.
    expect(astray.reject { |_name, error| error.to_s.start_with?("FrozenError") }).to eq({})
  end

  it "predicts a finding of the report, and none only if the report has none" do
    unlike = rows.select { |row| row[:shareable] && !row[:concerns].to_a.include?(row[:foreseen]) }
    expect(unlike.reject { it[:foreseen].nil? && it[:concerns].empty? }.map { it.slice(:name, :foreseen, :concerns) })
      .to eq([])
  end

  it "is never certain of an error that does not happen" do
    expect(named { |row| row[:verdict] == "blocked" && row[:works] }).to eq({})
  end

  it "raises only known false alarms, for fewer than one in ten working apps" do
    alarms = named { |row| row[:works] && row[:verdict] != "ready" }
    expect(alarms.keys).to match_array(false_alarms.keys)
    expect(alarms.size * 10).to be < rows.count { |row| row[:works] }
  end

  it "names the cause" do
    astray = named do |row|
      !row[:works] && (row[:blames].nil? || row[:findings].none? { |finding| text(finding).match?(row[:blames]) })
    end
    expect(astray).to eq({})
  end

  it "is about the first request: an app that memoises works once the main Ractor has served a request" do
    expect(rows.find { |row| row[:name] == "memo on a class" }).to include(works: false, warm: true)
  end

  describe "an app of 500 classes that call each other" do
    def check(flawed:)
      child = Child.ruby(<<~RUBY)
        require "json"
        require "kino/check"
        require "#{Child::ROOT}/bench/support/generated_app"
        report = Kino::Check.report(Bench::GeneratedApp.load(500, flawed: #{flawed}))
        puts JSON.generate(verdict: report.verdict, causes: report.findings.map(&:cause),
                           what: report.findings.map(&:what))
      RUBY
      JSON.parse(child.output, symbolize_names: true)
    ensure
      child&.close
    end

    it "is read to the end" do
      expect(check(flawed: false)).to eq({ verdict: "ready", causes: [], what: [] })
    end

    it "is read to the last class" do
      expect(check(flawed: true)).to include(causes: ["constant"], what: [/LAST/])
    end
  end
end
