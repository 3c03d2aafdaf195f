# frozen_string_literal: true

require "kino/rack/null_input"

RSpec.describe Kino::Rack::NullInput do
  subject(:input) { Kino::Rack::NULL_INPUT }

  it "can be shared between Ractors" do
    expect(Ractor.shareable?(input)).to be(true)
  end

  it "is at its end" do
    expect([input.read, input.read(nil), input.read(0), input.read(1), input.gets]).to eq(["", "", "", nil, nil])
    expect(input.read.encoding).to eq(Encoding::BINARY)
    expect(input.read).not_to be_frozen
  end

  it "empties a buffer" do
    buffer = +"before"
    expect(input.read(nil, buffer)).to be(buffer)
    expect(buffer).to eq("")
    buffer << "again"
    expect(input.read(1, buffer)).to be_nil
    expect(buffer).to eq("")
  end

  it "is at its end, asked as an IO" do
    buffer = +"before"
    expect([input.eof?, input.closed?, input.readpartial(0), input.each_line.to_a]).to eq([true, false, "", []])
    expect { input.readpartial(1, buffer) }.to raise_error(EOFError)
    expect([buffer, IO.copy_stream(input, StringIO.new)]).to eq(["", 0])
  end

  it "refuses a negative length" do
    expect { input.read(-1) }.to raise_error(ArgumentError, "negative length -1 given")
  end

  it "has no lines" do
    lines = []
    expect(input.each { |line| lines << line }).to be(input)
    expect(lines).to be_empty
    expect(input.each.to_a).to eq([])
  end

  it "can be closed by one request and read by another" do
    expect(input.close).to be_nil
    expect(input.read).to eq("")
  end
end
