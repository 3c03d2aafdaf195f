# frozen_string_literal: true

require "kino/rack/errors"

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
end
