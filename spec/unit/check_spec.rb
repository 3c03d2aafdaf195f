# frozen_string_literal: true

require "json"
require "kino/check"
require "support/check_source"

RSpec.describe Kino::Check do
  include CheckSource

  def rows(report) = report.findings.map { [it.cause, it.certainty, it.path] }

  describe "a report" do
    it "is on what the app holds and on the code that it reaches" do
      shop(<<~RUBY)
        LIST = []
        class App
          def initialize = @lock = Thread::Mutex.new
          def call(env) = @lock.synchronize { env ? LIST : 1 }
        end
      RUBY
      report = described_class.report(Shop::App.new)
      expect([report.app, report.verdict, report.requests]).to eq(["app", :blocked, []])
      expect(rows(report)).to eq([[:unshareable, :certain, "app.@lock"], [:unfrozen, :certain, "app"],
                                  [:constant, :possible, "Shop::App#call"]])
    end

    it "is named for an app that has a name" do
      shop("module App\ndef self.call(_env) = [200, {}, [\"a\"]]\nend")
      report = described_class.report(Shop::App)
      expect([report.app, report.verdict, report.findings]).to eq(["Shop::App", :ready, []])
    end

    it "is on the way from a router to an app of a file, of a constant and of a proc" do
      shop(<<~RUBY)
        class Router
          def initialize(routes) = @routes = routes
          def call(env) = @routes.fetch(env["PATH_INFO"]).call(env)
        end
        module Listed; LIST = []; def self.call(_env) = [200, {}, LIST]; end
        module Fine; def self.call(_env) = [200, {}, []]; end
        APP = Ractor.make_shareable(Router.new({ "/" => Fine, "/list" => Listed }))
      RUBY
      finding, *others = described_class.report(Shop::APP).findings
      expect(others).to eq([])
      expect(finding).to have_attributes(cause: :constant, certainty: :possible, place: "app.rb:5",
                                         path: "Shop::Router#call -> app.@routes[].call")
    end

    it "has the requests that were tried, and what they raised" do
      shop("module App\ndef self.call(env) = env[\"PATH_INFO\"] == \"/\" ? [200, {}, []] : raise(\"boo\")\nend")
      report = described_class.report(Shop::App, requests: ["GET /", "GET /b"])
      expect([report.verdict, report.requests, rows(report)])
        .to eq([:blocked, ["GET /", "GET /b"], [[:failure, :certain, "GET /b"]]])
    end

    it "is refused for what is no request" do
      expect { described_class.report(Comparable, requests: ["boo"]) }.to raise_error(Kino::ConfigError, /"boo"/)
    end

    it "says where it was cut short" do
      shop("module App\ndef self.call(_env) = other\ndef self.other = 1\nend")
      expect(rows(described_class.report(Shop::App, methods: 1))).to eq([[:cut, :possible, "Shop::App.call"]])
      expect(rows(described_class.report([[[]]], objects: 2)).last).to eq([:cut, :possible, "app"])
    end

    it "is on anything, whatever it lacks or says of itself" do
      shop(<<~RUBY)
        class Liar
          %i[class frozen? freeze inspect to_s hash == equal? respond_to? is_a? method nil? !].each do |name|
            define_method(name) { |*| raise "asked" }
          end
          def initialize = @own = self
          def call(_env) = @own.call($a)
        end
        class Bare < BasicObject
          def initialize = @own = self
          def call(_env) = @own.call($a)
        end
      RUBY
      [Shop::Liar.new, Shop::Bare.new, Object.new, nil, 1, "app", [], Class.new, Module.new, :to_s.to_proc,
       method(:puts)].each do |app|
        report = described_class.report(app)
        expect([report.to_s, report.to_json].map(&:class)).to eq([String, String])
      end
      expect(described_class.report(Shop::Liar.new).findings.map(&:what)).to include("$a is read")
      expect(described_class.report(Shop::Bare.new).findings.map(&:what)).to include("$a is read")
    end

    it "changes nothing" do
      shop("LIST = []\nclass App\ndef initialize = @list = [+\"a\"]\ndef call(_env) = @list << LIST\nend")
      app = Shop::App.new
      before = Marshal.dump(app)
      2.times { described_class.report(app).to_s }
      expect([Marshal.dump(app), app.frozen?, Shop::LIST.frozen?]).to eq([before, false, false])
    end
  end

  describe "what is certain" do
    def certain(code, around = "")
      described_class.certain(shop("#{around}\nmodule App\ndef self.call(env)\n#{code}\nend\nend")::App)
    end

    it "is what every request would raise, and only in a Ractor" do
      expect(certain("LIST", "LIST = []").what).to eq("Shop::LIST holds an Array")
      expect(certain("env && $a")).to be_nil
      expect(certain("[200, {}, []]")).to be_nil
    end

    it "is not what threads would raise too" do
      expect(certain("LIST << 1", "LIST = [].freeze")).to be_nil
      expect(certain("LIST << 1\n$a", "LIST = [].freeze").what).to eq("$a is read")
    end

    it "is not what the app holds" do
      expect(described_class.certain(Object.new)).to be_nil
    end
  end
end
