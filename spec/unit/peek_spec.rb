# frozen_string_literal: true

require "objspace"
require "kino/peek"

RSpec.describe Kino::Peek do
  # Raises whatever it is asked.
  let(:liar) do
    type = Class.new do
      %i[class frozen? instance_variables instance_variable_get singleton_methods singleton_class equal? inspect hash ==
         eql? === respond_to? is_a? kind_of? to_s method nil? !].each do |name|
        define_method(name) { |*| raise "#{name} was asked" }
      end

      def initialize = @kept = 1
    end
    stub_const("Liar", type)
    type.new
  end
  # Has not even those methods.
  let(:bare) do
    type = Class.new(BasicObject) do
      def initialize = @kept = 1
      def method_missing(name, *) = Kernel.raise("#{name} was asked")
      def respond_to_missing?(*) = Kernel.raise("asked")
    end
    stub_const("Bare", type)
    type.new
  end

  it "calls no method of the objects that it looks at" do
    [[liar, Liar], [bare, Bare]].each do |object, type|
      expect(described_class.class_of(object)).to equal(type)
      expect(described_class.frozen?(object)).to be(false)
      expect(described_class.ivars(object).map { |name| described_class.ivar(object, name) }).to eq([1])
      expect([described_class.same?(object, object), described_class.same?(object, Object.new)]).to eq([true, false])
      expect(described_class.describe(object)).to eq("a #{type.name}")
      expect(described_class.holder(object)).to equal(type)
      expect(described_class.method_of(object, :initialize).owner).to equal(type)
      expect(described_class.module?(object)).to be(false)
    end
  end

  it "calls no overridden method of a class" do
    stub_const("Named", Class.new do
      %i[name inspect ancestors constants const_get instance_method method_defined?].each do |name|
        define_singleton_method(name) { |*| raise "#{name} was asked" }
      end
      def call = 1
    end)
    Named.const_set(:LIST, [1].freeze)
    expect(described_class.title(Named)).to eq("Named")
    expect(described_class.ancestors_of(Named)).to include(Named, Object)
    expect(described_class.constant(Named, :LIST, true)).to eq([1])
    expect(described_class.instance_method_of(Named, :call).owner).to equal(Named)
  end

  describe "a method" do
    let(:object) { Object.new }

    it "is what the object would run: public, protected or private, its own first" do
      type = Class.new do
        def first = 1

        protected

        def second = 2

        private

        def third = 3
      end
      object = type.new
      owners = %i[first second third].map { |name| described_class.method_of(object, name).owner }
      expect(owners).to eq([type] * 3)
      object.define_singleton_method(:first) { 4 }
      expect(described_class.method_of(object, :first).owner).to equal(object.singleton_class)
    end

    it "is found in a module that the object was extended with" do
      mod = Module.new { def call = 1 }
      expect(described_class.method_of(object.extend(mod), :call).owner).to equal(mod)
    end

    it "is found in a module or class itself" do
      mod = Module.new { def self.call = 1 }
      expect(described_class.method_of(mod, :call).owner).to equal(mod.singleton_class)
      expect(described_class.method_of(Class.new, :new).owner).to equal(Class)
    end

    it "is nil if there is none, or it was undefined" do
      expect(described_class.method_of(object, :call)).to be_nil
      expect(described_class.instance_method_of(Class.new { undef_method :to_s }, :to_s)).to be_nil
      expect(described_class.method_of(1, :call)).to be_nil
    end
  end

  it "creates no singleton class to look for a method" do
    object = Object.new
    described_class.method_of(object, :to_s)
    expect(ObjectSpace.reachable_objects_from(object)).to eq([Object])
    expect([1, :a, 1.5].map { |literal| described_class.holder(literal) }).to eq([Integer, Symbol, Float])
  end

  describe "a description" do
    def describe(object) = described_class.describe(object)

    it "shows small literals, and the class of anything else" do
      expect([nil, true, 12, :a].map { |object| describe(object) }).to eq(["nil", "true", "12", ":a"])
      expect(["a", [1], { a: 1 }, 1.5].map { |object| describe(object) })
        .to eq(["a String", "an Array", "a Hash", "a Float"])
    end

    it "is the name of a module" do
      expect(describe(Comparable)).to eq("Comparable")
    end

    it "says that a class has no name" do
      expect([describe(Class.new), describe(Module.new), describe(Class.new.new)])
        .to eq(["an unnamed class", "an unnamed module", "an unnamed class"])
    end
  end

  it "does not trigger an autoload" do
    stub_const("Lazy", Module.new)
    Lazy.autoload(:Part, "/nowhere/part.rb")
    expect(described_class.constant?(Lazy, :Part, false)).to be(true)
    expect(described_class.autoload?(Lazy, :Part, false)).to eq("/nowhere/part.rb")
  end
end
