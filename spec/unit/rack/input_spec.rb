# frozen_string_literal: true

require "objspace"
require "support/fake_native"

RSpec.describe Kino::Rack::Input do
  # The body arrives in these chunks.
  def input(*chunks)
    described_class.new(FakeNative::Request.new(*chunks.map { |chunk| chunk.is_a?(String) ? chunk.b : chunk }))
  end

  # With the collector disabled the VM counts only what is allocated.
  def bytes_allocated
    GC.disable
    before = GC.stat(:malloc_increase_bytes)
    yield
    GC.stat(:malloc_increase_bytes) - before
  ensure
    GC.enable
  end

  describe "#read" do
    it "without a length reads to the end, and then returns the empty String" do
      io = input("ab", "cd")
      expect([io.read, io.read]).to eq(["abcd", ""])
    end

    it "with a length reads no more than that, across chunks, and then returns nil" do
      io = input("ab", "cde", "f")
      expect([io.read(1), io.read(3), io.read(100), io.read(1)]).to eq(["a", "bcd", "ef", nil])
    end

    it "with 0 reads nothing and returns the empty String, even at the end" do
      io = input("a")
      expect([io.read(0), io.read, io.read(0)]).to eq(["", "a", ""])
    end

    it "with a buffer fills and returns it" do
      io = input("abc")
      buffer = +"before"
      expect(io.read(2, buffer)).to be(buffer)
      expect(buffer).to eq("ab")
      expect(io.read(nil, buffer)).to be(buffer)
      expect(buffer).to eq("c")
      expect(io.read(2, buffer)).to be_nil
      expect(buffer).to eq("")
      expect(io.read(nil, buffer)).to be(buffer)
    end

    it "returns binary Strings that belong to the caller" do
      io = input("\xC3\xA4", "b")
      first = io.read(2)
      expect(first.encoding).to eq(Encoding::BINARY)
      first << "changed"
      expect(io.read).to eq("b")
      expect(input.read.encoding).to eq(Encoding::BINARY)
    end

    it "refuses a negative length" do
      expect { input("a").read(-1) }.to raise_error(ArgumentError, "negative length -1 given")
    end

    it "raises what the request raises, and keeps what it has read" do
      io = input("ab", IOError.new("gone"), "cd")
      expect { io.read(3) }.to raise_error(IOError, "gone")
      expect(io.read).to eq("abcd")
    end
  end

  describe "#gets" do
    it "returns lines, across chunks, and then nil" do
      io = input("a\nb", "c", "\n\n", "d")
      expect(Array.new(5) { io.gets }).to eq(["a\n", "bc\n", "\n", "d", nil])
    end

    it "can be mixed with read" do
      io = input("one\ntwo\nthree")
      expect([io.gets, io.read(2), io.gets, io.read]).to eq(%W[one\n tw o\n three])
    end

    it "returns lines that take no more memory than their length" do
      io = input("#{"x" * 99}\n" * 1000)
      lines = Array.new(1000) { io.gets }
      expect(lines.uniq).to eq(["#{"x" * 99}\n"])
      expect(lines.map { |line| ObjectSpace.memsize_of(line) }.max).to be < 500
    end

    it "copies what it has read beyond a line once, and not for each further line or read" do
      io = input("\n" * 60_000)
      io.gets
      expect(bytes_allocated { 10_000.times { io.gets } }).to be < 1_000_000
      expect(bytes_allocated { 10_000.times { io.read(1) } }).to be < 1_000_000
    end

    it "returns Strings that belong to the caller" do
      io = input("a\nb\nc")
      3.times { io.gets << "changed" }
      expect(io.gets).to be_nil
      io = input("a\nb")
      expect([io.gets << "changed", io.read << "changed", io.read]).to eq(["a\nchanged", "bchanged", ""])
    end

    it "raises what the request raises, and keeps what it has read" do
      io = input("ab", IOError.new("gone"), "c\nd", IOError.new("gone"))
      expect { io.gets }.to raise_error(IOError, "gone")
      expect(io.gets).to eq("abc\n")
      expect { io.read(2) }.to raise_error(IOError, "gone")
      expect(io.gets).to eq("d")
    end
  end

  describe "#each" do
    it "yields lines and returns the input" do
      io = input("a\nb", "\nc")
      lines = []
      expect(io.each { |line| lines << line }).to be(io)
      expect(lines).to eq(%W[a\n b\n c])
    end

    it "returns an Enumerator without a block" do
      expect(input("a\nb").each.to_a).to eq(%W[a\n b])
    end
  end

  describe "#readpartial" do
    it "reads what has arrived, up to the length, and raises EOFError at the end" do
      io = input("ab", "cdef")
      expect([io.readpartial(1), io.readpartial(3), io.readpartial(3), io.readpartial(3)]).to eq(%w[a b cde f])
      buffer = +"before"
      2.times { expect { io.readpartial(1, buffer) }.to raise_error(EOFError, "end of file reached") }
      expect([buffer, io.readpartial(0)]).to eq(["", ""])
    end

    it "refuses a negative length" do
      expect { input("a").readpartial(-1) }.to raise_error(ArgumentError, "negative length -1 given")
    end

    it "lets IO.copy_stream pass each part on as it arrives" do
      io = input("one", "two", IOError.new("no more"))
      copy = StringIO.new
      expect { IO.copy_stream(io, copy) }.to raise_error(IOError, "no more")
      expect(copy.string).to eq("onetwo")
    end
  end

  describe "#eof?" do
    it "waits for more, and keeps it to be read" do
      io = input("a", "b\nc")
      expect([io.eof?, io.gets, io.eof?, io.read(5), io.eof?]).to eq([false, "ab\n", false, "c", true])
    end
  end

  describe "#each_line" do
    it "is an alias of #each" do
      expect(input("a\nb").each_line.to_a).to eq(%W[a\n b])
    end
  end

  describe "#close" do
    it "ends reading" do
      io = input("abc", "d")
      io.read(1)
      expect([io.closed?, io.close, io.closed?]).to eq([false, nil, true])
      [-> { io.read }, -> { io.read(1) }, -> { io.gets }, -> { io.each { nil } }].each do |reading|
        expect(&reading).to raise_error(IOError, "closed stream")
      end
      expect(io.close).to be_nil
    end
  end
end
