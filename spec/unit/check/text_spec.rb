# frozen_string_literal: true

require "kino/check/finding"
require "kino/check/report"
require "kino/check/text"

RSpec.describe Kino::Check::Text do
  def finding(cause, certainty = :certain, **others)
    Kino::Check::Finding.new(cause:, certainty:, what: "LIST is read", place: "app.rb:3", path: "App.call -> Repo.all",
                             fix: "freeze it", **others)
  end

  def text(*findings, requests: [])
    described_class.of(Kino::Check::Report.new(app: "App", findings:, requests:))
  end

  def title(cause) = Kino::Check::Causes::ALL.fetch(cause).title
  def first(cause) = Kino::Check::Causes::ALL.fetch(cause).first

  it "is one line where nothing was found" do
    expect(text).to eq("App (Ruby #{RUBY_VERSION}) can run on Ractors: nothing was found that speaks against it")
  end

  it "says how many calls could not be followed, and what would tell" do
    head = "App (Ruby #{RUBY_VERSION}) can run on Ractors: nothing was found that speaks against it\n"
    of = ->(**given) { described_class.of(Kino::Check::Report.new(app: "App", findings: [], **given)) }
    expect(of.call(unfollowed: 1))
      .to eq("#{head}1 call could not be followed; kino --check --request \"GET /path\" tries the app")
    expect(of.call(unfollowed: 12, requests: ["GET /"]))
      .to eq("#{head}12 calls could not be followed\ntried in a Ractor: GET /")
  end

  it "says for each finding what, where, how it comes there, and what to do" do
    expect(text(finding(:global))).to eq(<<~TEXT.chomp)
      App (Ruby #{RUBY_VERSION}) cannot run on Ractors as it is

      #{title(:global)} (certain)
        app.rb:3: LIST is read
          by App.call -> Repo.all
          fix: freeze it

      first: #{first(:global)}
    TEXT
  end

  it "leaves out a place that there is not" do
    expect(text(finding(:global, place: nil))).to include("\n  LIST is read\n    by ")
  end

  it "has those of one cause under one head, those that are possible under another" do
    all = [finding(:global, :possible, what: "$b is read"), finding(:constant), finding(:global, what: "$a is read"),
           finding(:constant, what: "OTHER is read")]
    lines = text(*all).lines
    expect(lines.grep(/ \((certain|possible)\)$/, &:chomp))
      .to eq(["#{title(:constant)} (certain)", "#{title(:global)} (certain)", "#{title(:global)} (possible)"])
    expect(lines.grep(/: .* is read/).size).to eq(4)
  end

  it "says the same thing once, with the places where it is met, be it certain there or not" do
    places = (4..8).map { |line| finding(:global, line > 5 ? :possible : :certain, place: "app.rb:#{line}") }
    expect(text(finding(:global), *places).scan("LIST is read").size).to eq(1)
    expect(text(finding(:global), *places))
      .to include("    by App.call -> Repo.all\n    also at app.rb:4, app.rb:5, app.rb:6 and 2 more\n    fix: ")
  end

  it "says what to do first, and what then" do
    expect(text(finding(:global), finding(:constant))).to end_with("\n\nfirst: #{first(:constant)}\n" \
                                                                   "then: #{first(:global)}")
  end

  it "says of an app that may run that it may" do
    expect(text(finding(:global, :possible))).to match(/\AApp \(Ruby \S+\) may run on Ractors: some requests /)
  end

  it "does not say of an app that it cannot run on Ractors where its requests fail for another reason" do
    expect(text(finding(:failure), requests: ["GET /"]).lines.first)
      .to match(/ may run on Ractors: a request failed that was tried in a Ractor; it may fail in threads too$/)
    expect(text(finding(:request), requests: ["GET /"])).to match(/\AApp \(Ruby \S+\) cannot run on Ractors as it is/)
  end

  it "shows the first ten of a cause, and how many more there are" do
    found = (0..11).map { |number| finding(:global, what: "$g#{number}") }
    all = text(*found)
    expect(all).to include("$g9\n", "\n  and 2 more\n")
    expect(all).not_to include("$g10")
    expect(text(*found.first(10))).not_to include("more")
  end

  it "indents what has several lines, such as a backtrace" do
    expect(text(finding(:request, what: "GET /: boo\na.rb:1\nb.rb:2")))
      .to include("  app.rb:3: GET /: boo\n    a.rb:1\n    b.rb:2\n    by ")
  end

  it "does not say to try the app where that was done" do
    expect(text(finding(:cut, :possible))).to end_with("\n\nfirst: #{first(:cut)}")
    expect(text(finding(:cut, :possible), requests: ["GET /"])).to end_with("\n    fix: freeze it")
  end

  it "names the requests that were tried" do
    expect(text(requests: ["GET /", "GET /b"]).lines.last).to eq("tried in a Ractor: GET /, GET /b")
  end
end
