# frozen_string_literal: true

require "cgi/escape"
require "json"
require "monitor"
require "stringio"
require "kino/check/rules"
require "support/child"

RSpec.describe Kino::Check::Rules do
  # Answers JSON of what each name maps to in a Ractor: whether it raised nothing that only Ractors raise.
  def tried(names, code)
    child = Child.ruby(<<~RUBY)
      require "json"
      require "cgi/escape"
      Warning[:experimental] = false
      answers = #{names.inspect}.to_h do |name|
        ractor = Ractor.new(name) do |it|
          #{code}
          true
        rescue Exception => e
          e.class.name
        end
        [name, ractor.respond_to?(:value) ? ractor.value : ractor.take]
      end
      $stdout.write(JSON.generate(answers))
      $stdout.flush
      exit!(true)
    RUBY
    JSON.parse(child.output).tap { expect(child.errors).to eq("") }
  ensure
    child&.close
  end

  describe "a global variable" do
    # But $-d and the like, which are spelt so that no program can name them otherwise, and what has to be set before.
    let(:names) { global_variables.map(&:name).sort }
    let(:read) { tried(names, "eval(it)") }

    it "is fit for a Ractor if, and only if, this Ruby lets one read it" do
      refused = read.select { |_name, answer| answer == "Ractor::IsolationError" }.keys
      expect(refused).to include("$0", "$;", "$,", "$LOAD_PATH")
      expect(names.reject { |name| described_class.global?(name.to_sym) } - refused).to eq([])
      expect(refused.select { |name| described_class.global?(name.to_sym) }).to eq([])
    end

    it "is refused also where it is only asked for" do
      expect(tried(%w[$none $stderr], "[it == '$none' ? defined?($none) : defined?($stderr)]"))
        .to eq({ "$none" => "Ractor::IsolationError", "$stderr" => true })
    end

    it "has a number if it is a group of a match" do
      expect([described_class.global?(:$1), described_class.global?(:$12), described_class.global?(:$none)])
        .to eq([true, true, false])
    end

    it "may be the record separator since Ruby 4.0" do
      expect(%w[3.4.5 4.0.5].map { |ruby| described_class.global?(:$/, ruby:) }).to eq([false, true])
    end
  end

  describe "a method that only the main Ractor may call" do
    def why(type, name) = described_class.forbidden(type.instance_method(name))

    it "is refused by this Ruby, and its neighbours are not" do
      codes = { "'a'.unicode_normalize" => [String, :unicode_normalize],
                "'a'.unicode_normalized?" => [String, :unicode_normalized?],
                "CGI.unescape('%41')" => [CGI.method(:unescape).owner, :unescape],
                "CGI.unescapeURIComponent('%41')" => [CGI.method(:unescapeURIComponent).owner, :unescapeURIComponent],
                "CGI.escape('a b')" => [CGI.method(:escape).owner, :escape],
                "'a'.upcase" => [String, :upcase], "Process.pid" => [Process.singleton_class, :pid],
                "exit!(true) unless fork" => [Kernel, :fork],
                "exit!(true) unless Process.fork" => [Process.singleton_class, :fork] }
      truth = tried(codes.keys, "eval(it)").transform_values { |answer| answer == true }
      expect(codes.transform_values { |type, name| why(type, name).nil? }).to eq(truth)
      expect(truth.values).to include(true, false)
    end

    it "says why, by the name under which Ruby has it" do
      String.alias_method(:kino_plain, :unicode_normalize)
      expect(why(String, :kino_plain)).to eq("it uses UnicodeNormalize::REGEXP_D")
      expect(described_class.forbidden(Kernel.instance_method(:fork), ruby: "4.0.5"))
        .to eq("only the main Ractor may fork")
      expect(described_class.forbidden(Kernel.instance_method(:fork), ruby: "3.4.5")).to be_nil
    ensure
      String.remove_method(:kino_plain)
    end
  end

  describe "a class whose objects can never be shared" do
    it "is none that freezing would help, on this Ruby" do
      objects = [Thread.new { 1 }, Thread::Mutex.new, Thread::Queue.new, Thread::SizedQueue.new(1), Monitor.new,
                 Thread::ConditionVariable.new, Fiber.new { 1 }, [].each, [].lazy, ThreadGroup.new, StringIO.new,
                 TracePoint.new(:line) { 1 }, ObjectSpace::WeakMap.new, ObjectSpace::WeakKeyMap.new, Dir.new("."),
                 binding]
      expect(objects.reject { |object| described_class.never?(object) }).to eq([])
      objects.each { |object| expect { Ractor.make_shareable(object) }.to raise_error(Ractor::Error) }
    end

    it "is that of a Method until Ruby 4.0" do
      [Comparable.method(:name), String.instance_method(:upcase)].each do |method|
        Ractor.make_shareable(method)
        expect(described_class.never?(method)).to be(false)
      rescue Ractor::Error
        expect(described_class.never?(method)).to be(true)
      end
      expect(%w[3.4.5 4.0.5].map { |ruby| described_class.never?(method(:puts), ruby:) }).to eq([true, false])
    end

    it "is one whose objects nobody can use once they are frozen" do
      reader, writer = IO.pipe
      expect(described_class.never?(writer)).to be(true)
      expect { writer.freeze.write("a") }.to raise_error(FrozenError)
    ensure
      reader.close
    end

    it "has subclasses of which the same is true" do
      expect(described_class.never?(Class.new(Thread::Queue).new)).to be(true)
      expect([[], +"a", Object.new, BasicObject.new, 1].map { |object| described_class.never?(object) })
        .to all(be(false))
    end
  end

  describe "a method that changes its object" do
    it "raises if that is frozen" do
      samples = { Array => [1].freeze, Hash => { a: 1 }.freeze, String => "a" }
      described_class::CHANGING.each do |type, names|
        names.each do |name|
          sample = samples.fetch(type)
          # Whichever of them it takes.
          raised = [[], [0], [1], [0, 0], ["a"], %w[a b], [0, "a"], [[0]], [{ b: 1 }]].map do |arguments|
            sample.public_send(name, *arguments) { 0 }
          rescue StandardError => e
            e.class
          end
          expect(raised).to include(FrozenError), "#{type}##{name}"
          expect(described_class.changes?(sample, name)).to be(true)
          # Those that did nothing, for there was nothing to do.
          expect(raised.any? { !it.is_a?(Class) && !it.is_a?(Enumerator) })
            .to be(described_class.may_change?(sample, name)), "#{type}##{name}"
        end
      end
    end

    it "is none of those that only read" do
      expect([[[], :map], [{}, :merge], ["", :upcase], [Object.new, :<<]]
        .map { |object, name| described_class.changes?(object, name) }).to all(be(false))
    end
  end

  describe "what is Ruby's own" do
    it "is told by the name of the owner" do
      methods = [Array.instance_method(:push), Process.method(:pid).unbind, Comparable.instance_method(:clamp),
                 ENV.method(:fetch).unbind]
      expect(methods.map { |method| described_class.core?(method) }).to eq([true, true, true, false])
    end

    it "is nothing that only stands within it, or has no name" do
      stub_const("ArrayOfMine", Class.new { def push = 1 })
      unnamed = Class.new { def push = 1 }
      expect([ArrayOfMine, unnamed].map { |type| described_class.core?(type.instance_method(:push)) })
        .to all(be(false))
    end
  end

  it "names singleton classes as Ruby shows them" do
    expect([Array, Process.singleton_class, Object.new.singleton_class].map { |mod| described_class.title(mod) })
      .to eq(["Array", "#<Class:Process>", nil])
  end

  it "knows of Ruby's own methods whether they call their block" do
    ran = []
    described_class::CALLING.each do |name|
      receiver = name == :synchronize ? Monitor.new : Module.new
      arguments = name == :instance_exec ? [1] : []
      catch(:out) { receiver.send(name, *arguments) { |*| (ran << name) && throw(:out) } }
    end
    expect(ran).to eq(described_class::CALLING)
  end
end
