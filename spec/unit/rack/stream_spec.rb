# frozen_string_literal: true

require "stringio"
require "support/fake_native"

RSpec.describe Kino::Rack::Stream do
  subject(:stream) { described_class.new(input, writer) }

  let(:input) { StringIO.new("one\ntwo\nthree") }
  let(:notes) { [] }
  let(:writer) { FakeNative::Writer.new(notes) }

  def written = notes.map(&:last)

  it "reads as its input does" do
    expect([stream.read(2), stream.gets, stream.read(1, +""), stream.each.to_a, stream.read, stream.read(1)]).to eq(
      ["on", "e\n", "t", %W[wo\n three], "", nil]
    )
  end

  # A middleware's own rack.input may take a buffer or none, but not nil.
  it "passes on no more arguments than it gets" do
    strict = Class.new { def read(*arguments) = arguments }.new
    stream = described_class.new(strict, writer)
    expect([stream.read, stream.read(1), stream.read(1, "b")]).to eq([[], [1], [1, "b"]])
  end

  it "yields lines and returns itself" do
    lines = []
    expect(stream.each { |line| lines << line }).to be(stream)
    expect(lines).to eq(%W[one\n two\n three])
  end

  it "writes, and returns the number of bytes" do
    expect(stream.write("ab", :c, 1)).to eq(4)
    expect(stream << "d" << 2).to be(stream)
    expect(stream.flush).to be(stream)
    expect(stream.write).to eq(0)
    expect(written).to eq(%w[ab c 1 d 2])
  end

  it "writes lines in one piece, and has the other methods of a socket" do
    expect([stream.puts("a", ["b", 1], "c\n"), stream.puts, stream.print("d", 2)]).to eq([nil, nil, nil])
    expect(written).to eq(%W[a\nb\n1\nc\n \n d 2])
    stream.puts("\xff".b, "\u00e9".encode("UTF-16LE"))
    expect(written.last.bytes).to eq([0xff, 10, 0xe9, 0, 10])
    stream.sync = false
    expect(stream.sync).to be(true)
  end

  it "may be closed for reading" do
    expect(stream.close_read).to be_nil
    expect { stream.read }.to raise_error(IOError, "not opened for reading")
    expect { stream.gets }.to raise_error(IOError)
    expect { stream.each { nil } }.to raise_error(IOError)
    expect(stream.write("a")).to eq(1)
    expect(stream).not_to be_closed
  end

  it "may be closed for writing" do
    expect(stream.close_write).to be_nil
    expect { stream.write("a") }.to raise_error(IOError, "not opened for writing")
    [-> { stream << "a" }, -> { stream.puts("a") }, -> { stream.print("a") }].each do |writing|
      expect(&writing).to raise_error(IOError)
    end
    expect(stream.read(3)).to eq("one")
    expect(stream).not_to be_closed
  end

  it "may be closed altogether, more than once" do
    2.times { expect(stream.close).to be_nil }
    expect(stream).to be_closed
    expect { stream.read }.to raise_error(IOError)
    expect { stream.write("a") }.to raise_error(IOError)
  end
end
