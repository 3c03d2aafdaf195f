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

  describe "what mode auto asks for" do
    def first(code, around = "")
      described_class.first_finding(shop("#{around}\nmodule App\ndef self.call(env)\n#{code}\nend\nend")::App)
    end

    it "is what a request may meet in a Ractor, and where" do
      expect(first("LIST", "LIST = []")).to have_attributes(what: "Shop::LIST holds an Array", place: "app.rb:4",
                                                            path: "Shop::App.call")
      expect(first("env && $a")).to have_attributes(what: "$a is read")
      expect(first("[200, {}, []]")).to be_nil
    end

    it "is not what threads would raise too" do
      expect(first("LIST << 1", "LIST = [].freeze")).to be_nil
      expect(first("LIST << 1\n$a", "LIST = [].freeze").what).to eq("$a is read")
    end

    it "is not what the code provides for, wherever it stands" do
      helper = "module Helper; def self.ask = $a; end"
      expect(first("Helper.ask\nrescue Ractor::IsolationError\n[200, {}, []]", helper)).to be_nil
      expect(first("Helper.ask\nrescue TypeError\n[200, {}, []]", helper).what).to eq("$a is read")
    end

    it "is found in a block, with the way to it" do
      expect(first("[1].each { Helper.ask { $b } }", "module Helper; def self.ask = yield; end"))
        .to have_attributes(what: "$b is read", path: "Shop::App.call")
    end

    it "is found in the body of the answer" do
      expect(first("[200, {}, Body.new]", "class Body; def each = yield($a); end"))
        .to have_attributes(what: "$a is read", path: "Shop::App.call -> Shop::Body#each")
    end

    it "is enough: what comes after it is not read" do
      # A thousand methods, each of which would be read.
      rest = Array.new(1_000) { |index| "def self.m#{index} = m#{index + 1}" }.join("\n")
      code = "module Rest\n#{rest}\nend\nmodule Helper; def self.ask = $a; end"
      allow(Kino::Check::InstructionList).to receive(:of).and_call_original
      expect(first("Helper.ask\nRest.m0", code).what).to eq("$a is read")
      expect(Kino::Check::InstructionList).to have_received(:of).at_most(2).times
    end

    it "is that not all could be read" do
      many = Array.new(1_000) { |index| "def self.m#{index} = 1" }.join("\n")
      calls = Array.new(1_000) { |index| "Many.m#{index}" }.join("\n")
      expect(first(calls, "module Many\n#{many}\nend")).to have_attributes(cause: :cut)
    end

    it "is that the check failed" do
      allow(Kino::Check::Code).to receive(:new).and_raise(KeyError, "boo")
      expect(described_class.first_finding(Comparable)).to have_attributes(cause: :breakdown, what: /KeyError: boo/)
    end

    it "is not a call that could not be followed" do
      expect(first("env.fetch(\"a\").serve(1)\n[200, {}, []]")).to be_nil
    end

    it "is not what the app holds" do
      expect(described_class.first_finding(Object.new)).to be_nil
    end

    it "leaves the collector as it was" do
      first("[200, {}, []]")
      expect(GC.config).to include(rgengc_allow_full_mark: true)
    end

    it "has full collections on again where two servers boot at a time" do
      entered = Thread::Queue.new
      gates = Array.new(2) { Thread::Queue.new }
      allow(described_class::Code).to receive(:new) do
        gates.fetch((entered << true).size - 1).pop(timeout: 30)
        instance_double(described_class::Code, first_finding: nil)
      end
      readers = Array.new(2) do |number|
        Thread.new { described_class.first_finding(Object) }.tap do |reader|
          eventually { entered.size > number || (number == 1 && reader.stop?) }
        end
      end
      gates.zip(readers).each { |gate, reader| (gate << true).then { reader.join } }
      expect(GC.config).to include(rgengc_allow_full_mark: true)
    ensure
      GC.config(rgengc_allow_full_mark: true)
    end
  end
end
