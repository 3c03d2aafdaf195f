# frozen_string_literal: true

require "prism"
require "support/fake_native"

# Holds the callers in lib/kino, the fakes and lib/kino/native.rb to the classes that the extension really defines: the
# unit specs run against the fakes, so they would pass after a method was renamed.
RSpec.describe Kino::Native do
  root = File.expand_path("../..", __dir__)
  # By the name that lib/kino has for the object: the real class, and its fake.
  objects = {
    "@native" => [Kino::Native::Worker, FakeNative],
    "writer" => [Kino::Native::Writer, FakeNative::Writer],
    "@writer" => [Kino::Native::Writer, FakeNative::Writer],
    "@request" => [Kino::Request, FakeNative::Request],
    "@decoder" => [Kino::Native::ChunkedDecoder, nil],
    "Native" => [Kino::Native.singleton_class, nil]
  }
  # The check has requests of its own.
  sources = Dir["#{root}/lib/kino{,/**/*}.rb"].grep_v(%r{/lib/kino/check/})

  # @return [Array<Prism::CallNode>] all calls in a piece of code
  def self.calls_in(node)
    own = node.is_a?(Prism::CallNode) ? [node] : []
    own + node.compact_child_nodes.flat_map { |child| calls_in(child) }
  end

  all_calls = sources.flat_map { |path| calls_in(Prism.parse_file(path).value) }.select(&:receiver)

  # @return [Array<Prism::CallNode>] calls of this object's methods
  define_method(:calls_of) { |object| all_calls.select { |call| call.receiver.slice == object } }

  def accepts?(type, call)
    return false unless type.method_defined?(call.name)

    arguments = call.arguments&.arguments.to_a
    arity = type.instance_method(call.name).arity
    arguments.any?(Prism::SplatNode) || (arity.negative? ? arguments.size >= ~arity : arguments.size == arity)
  end

  # @return [Array<String>] calls that the class would refuse
  def refused(type, calls)
    calls.filter_map { |call| "#{type}: #{call.slice}" unless accepts?(type, call) }
  end

  # @return [Array<String>] methods of the fake that the real class lacks, or has with other parameters
  def invented(fake, real)
    (fake.public_instance_methods(false) - fake::CONTROLS).filter_map do |name|
      is_real = real.method_defined?(name) && real.instance_method(name).arity == fake.instance_method(name).arity
      "#{fake}##{name}" unless is_real
    end
  end

  objects.each do |object, (real, fake)|
    it "defines the methods that lib/kino calls on #{object}" do
      expect(calls_of(object)).not_to be_empty
      expect(refused(real, calls_of(object))).to eq([])
    end

    next unless fake

    it "has a fake of #{object} with all that lib/kino calls, and without methods of its own" do
      expect(invented(fake, real)).to eq([])
      expect(refused(fake, calls_of(object))).to eq([])
    end
  end

  it "would not pass if a method had another name or other parameters" do
    renamed = Class.new(Kino::Native::Worker) do
      undef_method :take
      define_method(:bodiless?) { |_status, _headers| false }
    end
    expect(refused(renamed, calls_of("@native"))).to include(/@native\.take\z/, /@native\.bodiless\?/)
    expect(invented(FakeNative, renamed)).to contain_exactly("FakeNative#take", "FakeNative#bodiless?")
  end

  it "has a writer with the same methods as the fake and the writer for chunked bodies" do
    expect(invented(FakeNative::Writer, Kino::DecodingWriter)).to eq([])
    expect(FakeNative::Writer.public_instance_methods(false)).to match_array(
      Kino::Native::Writer.public_instance_methods(false)
    )
  end

  describe "the page that documents it" do
    page = File.read("#{root}/lib/kino/native.rb")

    # @return [Hash{Symbol => Integer}] methods of one section, with the number of their parameters
    define_method(:documented) do |section|
      text = page[/^  # == #{section}\n(.*?)(?=^  # ==|^  module)/m, 1]
      text.scan(/^  # `(?:\w+\.)?(\w+\??)(?:\(([^)]*)\))?(?: -> [^`]*)?`::/)
          .to_h { |name, parameters| [name.to_sym, parameters.to_s.split(",").size] }
    end

    # @return [Hash{Symbol => Integer}] the methods that are not written in Ruby, with their arity
    def native(type)
      type.instance_methods(false).map { |name| type.instance_method(name) }.reject(&:source_location)
          .to_h { |method| [method.name, method.arity] }
    end

    it "lists all module functions" do
      expect(documented("Module functions")).to eq(native(Kino::Native.singleton_class))
    end

    it "lists all methods of the worker" do
      expect(documented("Worker")).to eq(native(Kino::Native::Worker).merge(new: Kino::Native::Worker.method(:new).arity))
    end

    { "Writer" => Kino::Native::Writer, "ChunkedDecoder" => Kino::Native::ChunkedDecoder,
      "Kino::Request" => Kino::Request }.each do |section, type|
      it "lists all methods of #{section}" do
        expect(documented(section)).to eq(native(type))
      end
    end
  end
end
