# frozen_string_literal: true

require "cgi/escape"
require "kino/check/code"
require "support/tried_in_ractor"

# The tables, held against what this Ruby does.
RSpec.describe Kino::Check::Refusals do
  include TriedInRactor

  describe "a method that only the main Ractor may call" do
    def forbidden(method, *arguments, **) = described_class.forbidden(method, arguments, **)

    def why(type, name) = forbidden(type.instance_method(name), Kino::Check::Values::UNKNOWN)&.first

    it "is refused by this Ruby, and its neighbours are not" do
      codes = { "'a'.unicode_normalize" => [String, :unicode_normalize],
                "'a'.unicode_normalized?" => [String, :unicode_normalized?],
                "CGI.unescape('%41')" => [CGI.method(:unescape).owner, :unescape],
                "CGI.unescapeURIComponent('%41')" => [CGI.method(:unescapeURIComponent).owner, :unescapeURIComponent],
                "CGI.escape('a b')" => [CGI.method(:escape).owner, :escape],
                "'a'.upcase" => [String, :upcase], "Process.pid" => [Process.singleton_class, :pid] }
      if RUBY_VERSION >= "4" # before that it works, or crashes
        codes.merge!("exit!(true) unless fork" => [Kernel, :fork],
                     "exit!(true) unless Process.fork" => [Process.singleton_class, :fork])
      end
      truth = tried(codes.keys, "eval(it)").transform_values { |answer| answer == true }
      expect(codes.transform_values { |type, name| why(type, name).nil? }).to eq(truth)
      expect(truth.values).to include(true, false)
    end

    it "says why, by the name under which Ruby has it" do
      String.alias_method(:kino_plain, :unicode_normalize)
      expect(why(String, :kino_plain)).to eq("it uses UnicodeNormalize::REGEXP_D")
      expect(forbidden(Kernel.instance_method(:fork), ruby: "4.0.5")).to eq(["only the main Ractor may fork", true])
      expect(forbidden(Kernel.instance_method(:fork), ruby: "3.4.5"))
        .to eq(["a process that a Ractor forks may crash before Ruby 4.0", false])
    ensure
      String.remove_method(:kino_plain)
    end

    it "may depend on what it is called with" do
      unescape = CGI.method(:unescape).unbind
      text = Kino::Check::Values::UNKNOWN
      expect([[text], [text, text], nil].map { |arguments| described_class.forbidden(unescape, arguments)&.last })
        .to eq([true, nil, false])
      popen = IO.method(:popen).unbind
      expect(%w[- ls].map { |name| forbidden(popen, Kino::Check::Values::Known.new(name), ruby: "4.0.5")&.last })
        .to eq([true, nil])
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
          # Those that did nothing, for there was nothing to do.
          expect(raised.any? { !it.is_a?(Class) && !it.is_a?(Enumerator) })
            .to be(described_class.change(sample, name, block: true) == :possible), "#{type}##{name}"
        end
      end
    end

    it "is none of those that only read" do
      expect([[[], :map], [{}, :merge], ["", :upcase], [Object.new, :<<]]
        .map { |object, name| described_class.change(object, name, block: true) }).to all(be_nil)
    end

    it "does not without a block, where it takes one" do
      described_class::WITH_BLOCK.each do |name|
        sample = [1].respond_to?(name) ? [1].freeze : { a: 1 }.freeze
        expect(sample.public_send(name)).to be_an(Enumerator)
        expect([false, true].map { |block| described_class.change(sample, name, block:) }).to eq([nil, :certain])
      end
    end
  end
end
