# frozen_string_literal: true

require "cgi/escape"
require "monitor"
require "stringio"
require "kino/check/rules"
require "support/tried_in_ractor"

RSpec.describe Kino::Check::Rules do
  include TriedInRactor

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
