# frozen_string_literal: true

require "kino/check/trial"
require "support/check_source"

RSpec.describe Kino::Check::Trial do
  include CheckSource

  def tried(body, request = "GET /", around: "")
    shop("#{around}\nmodule App\n  def self.call(env)\n#{body}\n  end\nend")
    described_class.findings(Shop::App, request)
  end

  it "finds nothing in a request that goes well" do
    expect(tried("[200, {}, [\"a\"]]")).to eq([])
  end

  it "tells what was raised, where, and by what request" do
    finding, *others = tried("raise(\"boo\")", "GET /a?b=1")
    expect(others).to eq([])
    expect(finding).to have_attributes(cause: :failure, certainty: :certain, place: "app.rb:4", path: "GET /a?b=1",
                                       fix: "it may fail in threads too: see the backtrace")
    expect(finding.what.lines(chomp: true).first(2))
      .to match(["GET /a?b=1: RuntimeError: boo", /\Aapp\.rb:4:in .*call'\z/])
  end

  it "says of what only Ractors raise, and of what is frozen, where to look" do
    codes = { "[200, {}, LIST]" => "Ractor::IsolationError", "NAMES << 1" => "FrozenError" }
    codes.each do |code, error|
      finding, = tried(code, around: "LIST = []\nNAMES = [].freeze")
      expect([finding.cause, finding.what]).to match([:request, start_with("GET /: #{error}: ")])
      expect(finding.fix).to eq(Kino::Check::Causes::ALL.fetch(:request).fix)
    end
  end

  it "makes a long message short, and lets none rule the terminal" do
    finding, = tried("raise(\"\\e[31m\\u0000\" + \"z\" * 5000)")
    expect(finding.what.lines.first).to match(%r{\AGET /: RuntimeError: \[31m z{300,400}\.\.\.$})
  end

  it "says of an answer that is none of what it is made" do
    finding, = tried("[\"200\", nil, 1]")
    expect(finding.what).to eq("GET /: [String, NilClass, Integer] returned, not [status, headers, body]")
  end

  it "tells what is at the root of it" do
    finding, = tried("begin\nraise(KeyError, \"root\")\nrescue KeyError\nraise(\"above\")\nend")
    expect(finding.what).to start_with("GET /: KeyError: root")
  end

  it "shows no more of a backtrace than tells" do
    finding, = tried("dig(0)",
                     around: "module App; def self.dig(depth) = depth > 40 ? raise(\"boo\") : dig(depth + 1); end")
    expect(finding.what.lines.size).to eq(Kino::Check::Exchange::LINES + 1)
  end

  describe "whatever an app does" do
    it "is told" do
      { "raise(NotImplementedError, \"no\")" => "NotImplementedError: no", "exit(3)" => "SystemExit: exit",
        "raise(Class.new(Exception), \"odd\")" => ": odd", "throw(:out)" => "UncaughtThrowError: uncaught throw :out",
        "call(env)" => "SystemStackError: stack level too deep", "raise(NoMemoryError)" => "NoMemoryError: ",
        "raise(Silent)" => "Shop::Silent: (no message: RuntimeError)" }.each do |code, text|
        finding, = tried(code, around: "class Silent < StandardError; def message = raise(\"not that\"); end")
        expect(finding&.what).to include(text), code
      end
    end

    it "is told of a body too, and of its end" do
      around = "class Body\ndef initialize(each: 1, close: 1)\n@each = each\n@close = close\nend\n" \
               "def each = yield(Integer(@each).to_s)\ndef close = Integer(@close)\nend"
      expect(tried("[200, {}, Body.new]", around:)).to eq([])
      %i[each close].each do |name|
        finding, = tried("[200, {}, Body.new(#{name}: \"x\")]", around:)
        expect(finding.what).to include("ArgumentError: invalid value for Integer(): \"x\""), name.to_s
      end
    end
  end

  it "calls a body that wants to be called with the stream" do
    finding, = tried("[200, {}, ->(stream) { stream.write(\"a\") && stream.close && raise(\"boo\") }]")
    expect(finding).to be_nil
    finding, = tried("[200, {}, ->(stream) { (stream << \"a\").flush && raise(\"boo\") }]")
    expect(finding.what).to include("RuntimeError: boo")
  end

  it "asks as a server would" do
    names = %w[REQUEST_METHOD PATH_INFO QUERY_STRING rack.url_scheme]
    finding, = tried("raise(env.values_at(*#{names}).inspect)", "POST /a/b?c=1&d")
    expect(finding.what).to include("[\"POST\", \"/a/b\", \"c=1&d\", \"http\"]")
    code = "env[\"rack.errors\"].flush\nenv[\"KEY\"] = 1\n[200 + Integer(env[\"rack.input\"].read.size), {}, []]"
    expect(tried(code)).to eq([])
  end

  describe "what a server gives besides" do
    it "is there: each key that an env has" do
      dumped, = tried("raise(env.keys.inspect)").first.what.lines
      keys = %w[REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING SERVER_NAME SERVER_PORT SERVER_PROTOCOL REMOTE_ADDR
                REMOTE_PORT HTTP_HOST rack.url_scheme rack.input rack.errors rack.response_finished kino.request
                rack.hijack? rack.hijack]
      expect(dumped.scan(/"([^"]+)"/).flatten).to match_array(keys)
    end

    it "can be used" do
      code = "[env[\"kino.request\"].disconnected? ? 500 : 200, { \"port\" => Integer(env[\"REMOTE_PORT\"]) }, []]"
      expect(tried(code)).to eq([])
    end

    it "is called when the answer is complete, the last first" do
      code = "seen = []\nenv[\"rack.response_finished\"] << ->(*) { raise(seen.inspect) } << " \
             "->(its, *others) { seen << its.equal?(env) << others }\n[201, { \"a\" => \"b\" }, []]"
      expect(tried(code).first.what).to include("RuntimeError: [true, [201, {\"a\" => \"b\"}, nil]]")
    end

    it "takes the connection, which is no failure" do
      ["env[\"rack.hijack\"].call", "begin\nenv[\"kino.request\"].call\nrescue StandardError\n1\nend"].each do |code|
        expect(tried("#{code}\nraise(\"boo\")").first)
          .to have_attributes(cause: :untried, certainty: :possible, path: "GET /",
                              what: "GET /: not tried to the end: it hijacks the connection")
      end
    end
  end

  it "says what it says of a status, and of an answer that did not come" do
    expect(tried("[503, {}, [\"busy\"]]").first)
      .to have_attributes(cause: :failure, what: "GET /: status 503: busy",
                          fix: "it may fail in threads too: see what the app says in its log")
    shop("module App\ndef self.call(_env) = sleep\nend")
    expect(described_class.findings(Shop::App, "GET /", limit: 0.05).first)
      .to have_attributes(cause: :failure, what: "GET /: it had not answered after 0.05 s",
                          fix: "it may fail in threads too: see why it takes that long")
  end

  it "tries each request in a Ractor of its own" do
    code = "raise(\"again\") if Ractor.current[:seen]\nRactor.current[:seen] = true\n" \
           "raise(\"main\") if Ractor.main?\n[200, {}, []]"
    expect(Array.new(2) { tried(code) }).to eq([[], []])
  end

  it "tries nothing where the app cannot be shared: why not has been said" do
    app = ->(_env) { raise("called") }
    expect(described_class.findings(app, "GET /")).to eq([])
    expect(app).not_to be_frozen
  end

  it "refuses what is no request" do
    ["", "/", "GET", "get /", "GET path", "GET /a b", "GET / HTTP/1.1"].each do |request|
      expect { tried("1", request) }
        .to raise_error(Kino::ConfigError,
                        "not a request: #{request.inspect} (give a method and a path, such as \"GET /\")")
    end
  end

  it "leaves warnings as they are, and makes none" do
    before = Warning[:experimental]
    expect { tried("[200, {}, []]") }.not_to output.to_stderr
    expect(Warning[:experimental]).to eq(before)
  end
end
