# frozen_string_literal: true

require "stringio"
require_relative "../../../bench/apps/battery_stack"
require_relative "../../../bench/support/compare/rows"

RSpec.describe BatteryStack do
  Bench::Rows::ALL.each do |row|
    it "answers #{row.path} for the row #{row.name} as the row expects" do
      env = { "REQUEST_METHOD" => row.body ? "POST" : "GET", "PATH_INFO" => row.path,
              "rack.input" => StringIO.new("x" * row.body.to_i), "rack.errors" => StringIO.new }
      status, _, body = described_class.call(env)
      expect(status).to eq(200)
      expect(row.right?(body.to_enum.to_a.join)).to be(true)
    end
  end

  it "renders close to 4 KB of JSON" do
    expect(BatteryApp::DOCUMENT.bytesize).to be_within(300).of(4096)
  end
end
