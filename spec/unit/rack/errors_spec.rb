# frozen_string_literal: true

require "kino/rack/errors"
require "logger"
require "tempfile"

RSpec.describe Kino::Rack::Errors do
  subject(:errors) { Kino::Rack::ERRORS }

  it "can be shared between Ractors" do
    expect(Ractor.shareable?(errors)).to be(true)
  end

  it "writes to stderr" do
    expect do
      expect(errors.puts("one", 2)).to be_nil
      expect(errors.write("three")).to eq(5)
      expect(errors.flush).to be(errors)
    end.to output("one\n2\nthree").to_stderr
  end

  it "has all the methods of an IO that write" do
    expect do
      expect(errors.write("a", :b, 1)).to eq(3)
      expect(errors << "c" << 2).to be(errors)
      expect([errors.print("d", 3), errors.printf("%<e>02d", e: 4), errors.putc("f"), errors.puts])
        .to eq([nil, nil, "f", nil])
    end.to output("ab1c2d304f\n").to_stderr
  end

  it "stays open when it is closed" do
    expect do
      expect([errors.close, errors.closed?]).to eq([nil, false])
      errors.puts("after")
      expect($stderr).not_to be_closed
    end.to output("after\n").to_stderr
  end

  it "cannot be made to buffer" do
    before = $stderr.sync
    errors.sync = false
    expect([errors.sync, $stderr.sync, errors.binmode]).to eq([true, before, errors])
  end

  it "describes stderr" do
    Tempfile.create do |file|
      stderr = $stderr
      $stderr = file
      expect([errors.fileno, errors.tty?, errors.isatty, errors.fsync]).to eq([file.fileno, false, false, 0])
      expect(errors.external_encoding).to eq(file.external_encoding)
    ensure
      $stderr = stderr
    end
  end

  %i[reopen set_encoding to_io path read rewind seek size].each do |name|
    it "has no #{name}" do
      expect(errors).not_to respond_to(name)
      expect { errors.public_send(name) }.to raise_error(NoMethodError, /#{name}.*Kino::Rack::Errors/)
    end
  end

  it "is a device for Logger, which may close and reopen it" do
    expect do
      logger = Logger.new(errors, formatter: ->(_, _, _, message) { "#{message}\n" })
      logger.info("one")
      logger.reopen
      logger.info("two")
      logger.close
      logger << "three"
    end.to output("one\ntwo\nthree").to_stderr
  end
end
