# frozen_string_literal: true

require "tmpdir"
require "kino/check/code"
require "support/check_source"

RSpec.describe Kino::Check::Code do
  include CheckSource

  let(:list) { "Shop::LIST holds an Array" }

  # What is found in an object, as the app.
  def of(app, **) = described_class.new(app, **).findings
  def whats(app) = of(app).map { [it.what, it.certainty] }

  describe "an app" do
    it "is a module, whose finding is told from its `call` on" do
      finding, = found("LIST = []\nmodule App\n  def self.call(_env)\n    [200, {}, LIST]\n  end\nend")
      expect(finding).to have_attributes(cause: :constant, certainty: :certain, what: list, place: "app.rb:4",
                                         path: "Shop::App.call",
                                         fix: /\Amake it deeply frozen: Ractor.make_shareable/)
    end

    it "is an object, with what its instance variables hold" do
      shop(<<~RUBY)
        LIST = []
        class Repo; def all = LIST; end
        class App
          def initialize = @repo = Repo.new
          def call(_env) = @repo.all
        end
      RUBY
      expect(of(Shop::App.new).map { [it.what, it.path] }).to eq([[list, "Shop::App#call -> Shop::Repo#all"]])
    end

    it "is a proc, with the constants where it stands" do
      shop("LIST = []\nAPP = ->(_env) { LIST }")
      expect(of(Shop::APP, label: "app").map { [it.what, it.place, it.path] }).to eq([[list, "app.rb:2", "app"]])
    end

    it "is an object that has its `call` for itself, or from a module" do
      shop("LIST = []\nmodule Calling; def call(_env) = LIST; end\nclass One; end\nONE = One.new\n" \
           "def ONE.call(_env) = LIST\nOTHER = Object.new.extend(Calling)")
      expect([whats(Shop::ONE), whats(Shop::OTHER)]).to all(eq([[list, :certain]]))
    end

    it "is found nothing in that has no code to read" do
      type = Class.new(BasicObject)
      expect([Object.new, type.new, nil].map { |app| of(app) }).to all(eq([]))
    end

    it "is said not to be read where what is called is not written in Ruby" do
      findings = [:upcase.to_proc, method(:puts)].map { |app| of(app) }
      expect(findings).to all(match([have_attributes(cause: :cut, what: "its call method is not written in Ruby")]))
    end

    it "may be a BasicObject, or lie about itself" do
      shop(<<~RUBY)
        LIST = []
        class App
          %i[class method respond_to? inspect hash == is_a? frozen? singleton_methods instance_variable_get].each do |name|
            define_method(name) { |*| raise "asked" }
          end
          def initialize = @part = self
          def call(_env) = @part.serve
          def serve = LIST
        end
        class Bare < BasicObject
          def call(_env) = serve
          def serve = LIST
        end
      RUBY
      expect([whats(Shop::App.new), whats(Shop::Bare.new)]).to all(eq([[list, :certain]]))
    end
  end

  describe "code that came about otherwise" do
    def both(definition)
      said("LIST = []\nmodule App\ndef self.call(_env) = Part.new.run\nend\nclass Part\n#{definition}\nend")
    end

    it "is read behind an alias" do
      expect(both("def other = LIST\nalias run other")).to eq({ list => :certain })
      expect(both("def other = LIST\nalias_method :run, :other")).to eq({ list => :certain })
    end

    it "is refused where define_method made it of a block, and read" do
      expect(both("define_method(:run) { LIST }"))
        .to eq({ list => :certain, "Shop::Part#run is defined from a block" => :certain })
    end

    it "is that of a method that define_method took over" do
      expect(both("def other = LIST\ndefine_method(:run, instance_method(:other))")).to eq({ list => :certain })
    end

    it "is not refused where Ruby can share the block" do
      shop("class Part; end\nmodule App\ndef self.call(_env) = Part.new.run\nend")
      shared = Ractor.make_shareable(nil.instance_eval { -> { 1 } })
      Shop::Part.define_method(:run, &shared)
      expect(described_class.new(Shop::App).findings).to eq([])
      expect(described_class.new(nil)).not_to be_of_block(Shop::Part.instance_method(:run))
    end

    it "is read behind `super`, in front of it and behind it" do
      expect(said(<<~RUBY).keys).to contain_exactly("$a is read", "$b is read", "$c is read")
        module Front; def run = $a && super; end
        class Base; def run = $c; end
        class Part < Base
          prepend Front
          def run = $b && super
        end
        module App; def self.call(_env) = Part.new.run; end
      RUBY
    end

    it "is the one that is prepended, if that does not pass it on" do
      expect(both("prepend(Module.new { def run = 1 })\ndef run = LIST")).to eq({})
    end

    it "is that of eval, which has no file" do
      shop("LIST = []\nmodule App; end")
      Shop.module_eval("def App.call(_env) = LIST") # rubocop:disable Style/EvalWithLocation
      expect(of(Shop::App).map { [it.what, it.place] }).to match([[list, /\A\(eval at .*code_spec\.rb:\d+\):1\z/]])
    end

    it "is that of a file, as seen from the working directory" do
      Dir.mktmpdir do |directory|
        Dir.chdir(directory) do
          stub_const("Shop", Module.new)
          File.write("part.rb", "module Shop::App\n  LIST = []\n  def self.call(_env) = LIST\nend")
          load "./part.rb"
          expect(of(Shop::App).map(&:place)).to eq(["part.rb:3"])
        end
      end
    end
  end

  describe "the body of a response" do
    def body(definition)
      said("class Body\n#{definition}\nend\nmodule App\ndef self.call(_env) = [200, {}, Body.new]\nend")
    end

    it "is written in the Ractor too" do
      expect(body("def each = yield($a)")).to eq({ "$a is read" => :possible })
      expect(body("def call(stream) = stream << $a")).to eq({ "$a is read" => :possible })
    end

    it "is not read for what nobody calls" do
      expect(body("def each = 1\ndef other = $a")).to eq({})
    end
  end

  describe "to the end" do
    it "goes through methods that call themselves or each other" do
      expect(said_of("first(env)", <<~RUBY)).to eq({ "$a is read" => :possible })
        module App
          def self.first(env) = env ? second(env) : $a
          def self.second(env) = first(env)
          def self.third(*) = third(*)
        end
      RUBY
    end

    it "goes through a proc that calls itself, and one that holds itself" do
      shop("APP = ->(env) { env ? APP.call(env) : $a }")
      expect(whats(Shop::APP)).to contain_exactly(["$a is read", :possible], ["Shop::APP holds a Proc", :possible])
    end

    it "goes not deeper than Ruby's own stack bears, and says so" do
      depth = described_class::DEPTH
      causes = [depth - 2, depth - 1].map do |count|
        chain = (0...count).map { "def self.m#{it}(env) = m#{it + 1}(env)" }.join("\n")
        found("module App\n#{chain}\ndef self.m#{count}(_) = $a\ndef self.call(env) = m0(env)\nend").map(&:cause)
      end
      expect(causes).to eq([[:global], [:cut]])
    end

    it "reads not more than so many methods and blocks, and says so" do
      source = "module App\ndef self.call(env) = first && second\ndef self.first = 1\ndef self.second = $a\nend"
      expect(found(source, limit: 3).map(&:cause)).to eq([:global])
      expect(found(source, limit: 2).map { [it.cause, it.certainty, it.path] })
        .to eq([[:cut, :possible, "Shop::App.call"]])
    end

    it "tells only so many ways to call a method apart" do
      calls = (1..9).map { "pick(#{it})" }.join("\n")
      expect(said_of("#{calls}\npick(10)", "module App\ndef self.pick(number) = number == 20 ? 1 : $a\nend").keys)
        .to eq(["$a is read"])
    end
  end

  it "runs, loads and changes nothing" do
    shop(<<~RUBY)
      RAN = []
      autoload :Late, "/nowhere/late.rb"
      class App
        def initialize = @count = 0
        def call(env) = [RAN << env, Late.call, @count += 1, App.const_set(:NEW, 1), $kino_new = 1]
      end
    RUBY
    app = Shop::App.new
    expect(of(app).map(&:cause)).to contain_exactly(:constant, :not_loaded, :frozen, :global)
    expect([Shop::RAN, Shop.autoload?(:Late), Shop::App.constants, app.frozen?, app.instance_variable_get(:@count),
            ObjectSpace.reachable_objects_from(app)]).to eq([[], "/nowhere/late.rb", [], false, 0, [Shop::App]])
  end
end
