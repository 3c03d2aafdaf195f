# frozen_string_literal: true

require "kino/cli/yjit"

RSpec.describe Kino::CLI::YJIT do
  let(:compiler) do
    Struct.new(:on) do
      alias_method :enabled?, :on

      def enable = self.on = true
    end.new(false)
  end

  it "turns the compiler on" do
    described_class.enable(env: {}, compiler:)
    expect(compiler.on).to be(true)
  end

  it "leaves it off where the environment says so" do
    described_class.enable(env: { "RUBY_YJIT_ENABLE" => "0" }, compiler:)
    expect(compiler.on).to be(false)
  end

  it "does nothing where it is on already, or this Ruby has none" do
    compiler.on = true
    expect(compiler).not_to receive(:enable)
    described_class.enable(env: {}, compiler:)
    described_class.enable(env: {}, compiler: nil)
  end
end
