# frozen_string_literal: true

require "tmpdir"
require "monitor"
require "kino/check/extensions"

RSpec.describe Kino::Check::Extensions do
  # An extension by its strings, which is all that is looked at.
  def extension(name, *strings)
    file = "#{@directory}/#{name}.so"
    File.binwrite(file, "\x7FELF\0#{strings.join("\0")}\0")
    $LOADED_FEATURES << file
    file
  end

  def method_of(owner, method)
    stub_const(owner, Class.new { define_method(method) { 1 } }).instance_method(method)
  end

  around do |example|
    before = $LOADED_FEATURES.dup
    Dir.mktmpdir { |directory| (@directory = directory) && example.run }
    $LOADED_FEATURES.replace(before)
  end

  it "is the file that has the names, if that does not say that it is safe" do
    file = extension("gauge", "Gauge", "spin")
    expect(described_class.unsafe(method_of("Gauge", :spin))).to eq(file)
  end

  it "is none that says so" do
    extension("meter", "Meter", "spin", "rb_ext_ractor_safe")
    expect(described_class.unsafe(method_of("Meter", :spin))).to be_nil
  end

  it "is none where no file has the names" do
    extension("dial", "Dial", "spinning top")
    expect(described_class.unsafe(method_of("Dial", :spin))).to be_nil
    extension("lever", "Others", "spin")
    expect(described_class.unsafe(method_of("Lever", :spin))).to be_nil
  end

  it "is told by a long name of a method alone" do
    file = extension("crank", "Others", "spin_around_twice")
    expect(described_class.unsafe(method_of("Crank", :spin_around_twice))).to eq(file)
  end

  it "is the file that has most of the names, or of two the safe one" do
    extension("most", "Sprocket", "Wheel", "rotate", "rb_ext_ractor_safe")
    extension("less", "Sprocket", "rotate")
    expect(described_class.unsafe(method_of("Sprocket::Wheel", :rotate))).to be_nil
    other = extension("other", "Pinion", "Wheel", "rotate")
    extension("fewer", "Pinion", "rotate", "rb_ext_ractor_safe")
    expect(described_class.unsafe(method_of("Pinion::Wheel", :rotate))).to eq(other)
    extension("equal", "Pinion", "Wheel", "rotate", "rb_ext_ractor_safe")
    expect(described_class.unsafe(method_of("Pinion::Wheel", :rotate))).to be_nil
  end

  it "is asked by the name that a method has there, whatever its alias" do
    file = extension("pump", "Pump", "spin")
    type = method_of("Pump", :spin).owner
    type.alias_method(:turn, :spin)
    expect(described_class.unsafe(type.instance_method(:turn))).to eq(file)
  end

  it "is asked for the methods of a class itself" do
    file = extension("valve", "Valve", "spin")
    method_of("Valve", :other).owner.define_singleton_method(:spin) { 1 }
    expect(described_class.unsafe(Valve.singleton_class.instance_method(:spin))).to eq(file)
  end

  it "is none of Ruby's own methods, those of a Struct, or those that have no owner with a name" do
    extension("all", "String", "upcase", "Couple", "left", "spin")
    stub_const("Couple", Struct.new(:left))
    unnamed = Class.new { def spin = 1 }
    methods = [[String, :upcase], [Couple, :left], [unnamed, :spin]].map { |type, name| type.instance_method(name) }
    expect(methods.map { |method| described_class.unsafe(method) }).to all(be_nil)
  end

  it "makes do with a feature that is no file" do
    $LOADED_FEATURES << "nowhere.so"
    expect(described_class.unsafe(method_of("Nowhere", :spin))).to be_nil
  end

  it "is none of Ruby's own extensions that says so" do
    expect(described_class.unsafe(Monitor.instance_method(:enter))).to be_nil
  end
end
