# frozen_string_literal: true

require "pathname"
require "kino/config/types"

RSpec.describe Kino::Config::Types do
  def coerce(type, value) = type.coerce(value) { :refused }

  describe described_class::Whole do
    subject(:type) { described_class.new(range: 1..1024, words: { "auto" => :auto, "none" => nil }) }

    { 1 => 1, 1024 => 1024, "7" => 7, "1_000" => 1000, "010" => 10,
      "auto" => :auto, :auto => :auto, "none" => nil, nil => nil }.each do |given, expected|
      it("takes #{given.inspect}") { expect(coerce(type, given)).to eql(expected) }
    end

    [0, 1025, -1, 2.0, 1.5, "", " 1", "1 ", "-1", "+1", "0x10", "1e3", "1__0", "1\n", :ten, [1], true,
     2**70].each do |given|
      it("refuses #{given.inspect}") { expect(coerce(type, given)).to eq(:refused) }
    end

    it "rejects nil unless a word means it" do
      expect(coerce(described_class.new(range: 1..2), nil)).to eq(:refused)
    end

    it "describes its words and bounds" do
      expect(type.expectation).to eq("auto or none or an integer from 1 to 1024")
    end
  end

  describe described_class::Threads do
    subject(:type) { described_class.new(range: 1..9, words: { "auto" => :auto }) }

    it "accepts a number for each worker or for the process" do
      shared = described_class::PerProcess.new(count: 5)
      { 5 => 5, "5" => 5, "auto" => :auto, "5/process" => shared, shared => shared }.each do |given, expected|
        expect(coerce(type, given)).to eql(expected)
      end
      expect([type.show(shared), type.code(shared), type.code(5), Ractor.shareable?(shared)])
        .to eq(["5/process", '"5/process"', "5", true])
    end

    ["0/process", "10/process", "auto/process", "/process", "5/", "5/worker", "5/process ", "5/process/process",
     5.0, nil].each do |given|
      it("refuses #{given.inspect}") { expect(coerce(type, given)).to eq(:refused) }
    end
  end

  describe described_class::Duration do
    subject(:type) { described_class.new }

    { 0 => 0.0, 5 => 5.0, 0.25 => 0.25, Rational(1, 4) => 0.25, "5" => 5.0, "1.5" => 1.5,
      31_536_000 => 31_536_000.0 }.each do |given, expected|
      it("takes #{given.inspect} as a Float") { expect(coerce(type, given)).to eql(expected) }
    end

    { "90s" => 90.0, "1m30s" => 90.0, "250ms" => 0.25, "1.5h" => 5400.0, "1d2h3m4s5ms" => 93_784.005, "0s" => 0.0,
      "1_000ms" => 1.0 }.each do |given, expected|
      it("takes #{given.inspect}") { expect(coerce(type, given)).to eql(expected) }
    end

    [-1, -0.1, Float::NAN, Float::INFINITY, 31_536_001, Complex(1, 1), nil, "", "-1", "1e3", "NaN", ".5", "5.",
     :five, "s", "1x", "1m30", "30s1m", "1s1s", "1 m", "1M", "366d", "1s\n", "-1s"].each do |given|
      it("refuses #{given.inspect}") { expect(coerce(type, given)).to eq(:refused) }
    end

    it "describes what it accepts, for the command line and for a file" do
      expect([75.0, 0.25, 0.0].map { |seconds| type.show(seconds) }).to eq(%w[75s 0.25s 0s])
      expect([75.0, 0.25, 0.0].map { |seconds| type.code(seconds) }).to eq(%w[75 0.25 0])
    end
  end

  describe described_class::Size do
    subject(:type) { described_class.new(range: 1..(2**40), words: { "none" => nil }) }

    { 5 => 5, "5" => 5, "5B" => 5, "50MB" => 50_000_000, "50MiB" => 52_428_800, "50 mib" => 52_428_800,
      "1.5KiB" => 1536, "1_0kb" => 10_000, "2GB" => 2_000_000_000, "1024GiB" => 2**40, "none" => nil,
      nil => nil }.each do |given, expected|
      it("takes #{given.inspect}") { expect(coerce(type, given)).to eql(expected) }
    end

    [0, "0MB", "1025GiB", "50M", "50k", "1.0001B", "1.00001KB", "MB", "-1MB", "1MB\n", "1  MB", 1.5, :"1MB",
     ""].each do |given|
      it("refuses #{given.inspect}") { expect(coerce(type, given)).to eq(:refused) }
    end

    it "shows values in the largest unit that leaves no fraction" do
      expect([52_428_800, 50_000_000, 1000, 1001, 65_534, nil].map { |bytes| type.show(bytes) })
        .to eq(%w[50MiB 50MB 1KB 1001 65534 none])
    end

    it "writes values as Ruby code" do
      expect([52_428_800, 1001, 65_534, nil].map { |bytes| type.code(bytes) })
        .to eq(['"50MiB"', "1001", "65_534", "nil"])
    end
  end

  describe described_class::Choice do
    subject(:type) { described_class.new(words: %i[auto ractor], placeholder: "MODE") }

    it "accepts a word as Symbol or String" do
      expect([coerce(type, :ractor), coerce(type, "ractor")]).to eq(%i[ractor ractor])
    end

    it "rejects everything else" do
      expect(["Ractor", "", nil, :threads, 1].map { |given| coerce(type, given) }).to all(eq(:refused))
    end
  end

  describe described_class::Flag do
    subject(:type) { described_class.new }

    { true => true, false => false, "on" => true, "off" => false }.each do |given, expected|
      it("takes #{given.inspect}") { expect(coerce(type, given)).to be(expected) }
    end

    ["", "yes", "true", "ON", nil, 0, 1, :on].each do |given|
      it("refuses #{given.inspect}") { expect(coerce(type, given)).to eq(:refused) }
    end
  end

  describe described_class::Flag, "with a word" do
    subject(:type) { described_class.new(words: { "auto" => :auto }) }

    it "accepts the word too" do
      expect(["auto", :auto, "on", false].map { |given| coerce(type, given) }).to eq([:auto, :auto, true, false])
      expect([nil, "none"].map { |given| coerce(type, given) }).to all(eq(:refused))
      expect([:auto, true].map { |value| [type.show(value), type.code(value)] }).to eq([%w[auto :auto], %w[on true]])
      expect([type.placeholder, type.expectation])
        .to eq(["auto|on|off", "auto or true or false (on or off on the command line)"])
    end
  end

  describe described_class::Name do
    subject(:type) { described_class.new }

    it "accepts names as String or Symbol, and freezes a copy" do
      given = +"production"
      expect([coerce(type, given), coerce(type, :test)]).to eq(%w[production test])
      expect([coerce(type, given).frozen?, given.frozen?]).to eq([true, false])
    end

    it "rejects names that an environment variable could not hold" do
      expect(["", "a b", "a\0b", "a\nb", nil, 1].map { |given| coerce(type, given) }).to all(eq(:refused))
    end
  end

  describe described_class::Addresses do
    subject(:type) { described_class.new }

    it "accepts what Address accepts, one or several, and rejects the rest" do
      expect(coerce(type, "tcp://[::1]:80")).to eq(["tcp://[::1]:80"])
      expect(coerce(type, "::1 unix:///a")).to eq(["::1", "unix:///a"])
      expect(coerce(type, ["unix:///a b", "fd://3"])).to eq(["unix:///a b", "fd://3"])
      rest = ["", " ", "a  ", "a,b", nil, 1, :localhost, [], ["a", 1], [nil], [["a"]]]
      expect(rest.map { |given| coerce(type, given) }).to all(eq(:refused))
    end

    it "freezes copies" do
      given = [+"::1"]
      expect([coerce(type, given), coerce(type, given).first, given.first].map(&:frozen?)).to eq([true, true, false])
    end

    it "says what is wrong with an option" do
      why = lambda do |given|
        type.coerce(given) { |why| return why }
      end
      expect(why.call("unix:///a?mode=9")).to eq('its option mode cannot be "9"')
      expect(why.call("unix:///a?mask=1")).to eq("unix:// has no option mask, but mode, tls, proxy_protocol")
      expect(why.call("tcp://a?mode=0600")).to eq("tcp:// has no option mode, but proxy_protocol")
      expect(why.call("unix:///a?mode=660&mode=600")).to eq("its option mode is there twice")
      expect(why.call("ssl://a:1?cert=a")).to eq("cert needs its key")
      expect(why.call("ssl://a:1?cert=-----BEGIN+x&key=k")).to start_with("its option cert cannot be ")
    end

    it "shows them as the command line takes them, and as Ruby" do
      expect(type.show(["a", "unix:///b"])).to eq("a unix:///b")
      expect(type.code(["a", "unix:///b"])).to eq('"a", "unix:///b"')
    end
  end

  describe described_class::Networks do
    subject(:type) { described_class.new }

    it "accepts addresses and networks in their one form, unix, and none" do
      given = ["10.1.2.3/8", "::1 fd00::/8,unix", "::ffff:192.0.2.1", "10.0.0.0/8"]
      expect(coerce(type, given)).to eq(["10.0.0.0/8", "::1/128", "fd00::/8", "unix", "192.0.2.1/32"])
      expect([coerce(type, "none"), coerce(type, [])]).to eq([[], []])
      expect(["", " ", "a", "10.0.0.0/33", "10.0.0", nil, 1, [1], %w[unix x]].map { |one| coerce(type, one) })
        .to all(eq(:refused))
    end

    it "shows them as they are given" do
      expect([type.show([]), type.code([])]).to eq(["none", '"none"'])
      expect([type.show(["::1/128", "unix"]),
              type.code(["::1/128", "unix"])]).to eq(["::1/128 unix", '"::1/128", "unix"'])
    end
  end

  describe described_class::Path do
    subject(:type) { described_class.new(words: { "none" => nil }) }

    it "accepts a path as String or Pathname, and freezes a copy" do
      expect([coerce(type, "a/b"), coerce(type, Pathname.new("a/b"))]).to eq(%w[a/b a/b])
      expect(coerce(type, +"a")).to be_frozen
    end

    it "rejects a path that names no file" do
      expect(["", "a\0b", "a\nb", "a\eb", 1, :a, Object.new].map { |given| coerce(type, given) }).to all(eq(:refused))
    end
  end

  describe described_class::Callable do
    subject(:type) { described_class.new(parameters: %w[index], in_worker: true) }

    it "accepts any callable unchanged, and nil" do
      block = -> {}
      expect([coerce(type, block), coerce(type, nil)]).to eq([block, nil])
    end

    it "rejects other objects" do
      expect([1, "puts", :puts, Object.new].map { |given| coerce(type, given) }).to all(eq(:refused))
    end

    it "knows the arguments of a call, and where it happens" do
      expect(type).to have_attributes(parameters: %w[index], in_worker?: true, flag?: false)
      expect(described_class.new).to have_attributes(parameters: [], in_worker?: false)
    end
  end
end
