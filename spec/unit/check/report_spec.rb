# frozen_string_literal: true

require "json"
require "kino/check/finding"
require "kino/check/report"

RSpec.describe Kino::Check::Report do
  def finding(cause, certainty = :certain, what: "w")
    Kino::Check::Finding.new(cause:, certainty:, what:, place: "app.rb:1", path: "App.call", fix: "f")
  end

  def report(*findings, requests: []) = described_class.new(app: "App", findings:, requests:)

  describe "the verdict" do
    it "is that an app is ready of which nothing was found" do
      expect([report.verdict, report.ready?, report.passed?]).to eq([:ready, true, true])
    end

    it "is that an app is blocked if one thing is certain" do
      blocked = report(finding(:global, :possible), finding(:constant))
      expect([blocked.verdict, blocked.ready?, blocked.passed?]).to eq([:blocked, false, false])
    end

    it "is open where nothing is certain, until requests are tried" do
      open = report(finding(:global, :possible))
      expect([open.verdict, open.ready?, open.passed?]).to eq([:possible, false, false])
      expect(report(finding(:global, :possible), requests: ["GET /"])).to be_passed
    end

    it "is no failure of a request, where something else is certain" do
      expect([report(finding(:failure)), report(finding(:failure), finding(:global, :possible)),
              report(finding(:failure), finding(:global)), report(finding(:request)), report].map(&:failed?))
        .to eq([true, true, false, false, false])
      expect(report(finding(:failure), requests: ["GET /"])).not_to be_passed
      expect(report(finding(:untried, :possible), requests: ["GET /"])).to be_passed
    end

    it "is not made better by requests if something is certain" do
      expect(report(finding(:global), requests: ["GET /"])).not_to be_passed
    end
  end

  it "has certain findings first, in the order in which to deal with them, and as they were found" do
    given = [finding(:global, :possible), finding(:global, what: "a"), finding(:cut, :possible), finding(:captured),
             finding(:global, what: "b")]
    expect(report(*given).findings.map { [it.cause, it.certainty, it.what] })
      .to eq([[:captured, :certain, "w"], [:global, :certain, "a"], [:global, :certain, "b"],
              [:global, :possible, "w"], [:cut, :possible, "w"]])
  end

  it "says once for each cause what to do" do
    steps = report(finding(:global), finding(:captured), finding(:global, :possible)).steps
    expect(steps).to eq(%i[captured global].map { Kino::Check::Causes::ALL.fetch(it).first })
  end

  it "is frozen, and not what the caller goes on to change" do
    name = +"App"
    requests = [+"GET /"]
    own = described_class.new(app: name, findings: [finding(:global)], requests:)
    name << "!"
    requests.first << "!"
    requests << "GET /b"
    expect([own.app, own.requests]).to eq(["App", ["GET /"]])
    expect([own, own.app, own.findings, own.requests, *own.requests]).to all(be_frozen)
  end

  it "leaves the findings that it is given in their order" do
    given = [finding(:global, :possible), finding(:captured)]
    expect { described_class.new(app: "App", findings: given) }.not_to(change { given.map(&:cause) })
  end

  describe "the JSON" do
    let(:parsed) { JSON.parse(report(finding(:constant), requests: ["GET /"]).to_json, symbolize_names: true) }

    it "has all that the report knows" do
      expect(parsed).to eq(
        { app: "App", ruby: RUBY_VERSION, verdict: "blocked", requests: ["GET /"], unfollowed: 0,
          findings: [{ cause: "constant", certainty: "certain", what: "w", place: "app.rb:1", path: "App.call",
                       fix: "f" }],
          steps: [Kino::Check::Causes::ALL.fetch(:constant).first], procs: [] }
      )
    end

    it "has the same parts where nothing was found" do
      expect(JSON.parse(report.to_json)).to include("verdict" => "ready", "findings" => [], "steps" => [])
    end

    it "is that of a part within other JSON" do
      expect(JSON.parse(JSON.generate([report]))).to match([include("app" => "App")])
    end
  end

  it "is a text for people" do
    expect(report(finding(:constant)).to_s).to eq(Kino::Check::Text.of(report(finding(:constant))))
    expect("#{report}").to start_with("App (Ruby #{RUBY_VERSION}) can run on Ractors") # rubocop:disable Style/RedundantInterpolation
  end
end
