# frozen_string_literal: true

require "kino/yjit"

RSpec.describe Kino::YJIT do
  let(:compiler) do
    Struct.new(:on) do
      alias_method :enabled?, :on

      def enable = self.on = true
    end.new(false)
  end

  def settle(setting, mode, ruby, env: {}) = described_class.settle(setting, mode, ruby:, env:, compiler:)

  # Whether it is on after that.
  def on?(...)
    compiler.on = false
    settle(...)
    compiler.on
  end

  it "is on with auto, but in ractor mode only where Procs stop nobody" do
    %w[3.4.5 4.0.5 4.1.0].each { |ruby| expect(on?(:auto, :threaded, ruby)).to be(true) }
    expect(%w[3.4.5 4.0.5 4.1.0 5.0.0].map { |ruby| on?(:auto, :ractor, ruby) }).to eq([false, false, true, true])
  end

  it "is on or off where that was said" do
    %i[ractor threaded].product(%w[4.0.5 4.1.0]).each do |mode, ruby|
      expect([true, false].map { |setting| on?(setting, mode, ruby) }).to eq([true, false])
    end
  end

  it "stays off with auto where the environment says so, and does not where Kino was told by name" do
    env = { "RUBY_YJIT_ENABLE" => "0" }
    expect([:auto, true].map { |setting| on?(setting, :threaded, "4.0.5", env:) }).to eq([false, true])
  end

  it "does nothing where this Ruby has none" do
    expect(described_class.settle(true, :threaded, compiler: nil)).to be_nil
  end

  describe "that somebody else has turned on" do
    before do
      compiler.on = true
      expect(compiler).not_to receive(:enable)
    end

    it "stays on, with a warning where it may cost much" do
      expect { settle(:auto, :ractor, "4.0.5") }
        .to output(/warning: YJIT is on, .* Ruby 4\.0\.5 each Proc .* stops all Ractors/).to_stderr
      expect do
        [[:auto, :ractor, "4.1.0"], [:auto, :threaded, "4.0.5"], [true, :ractor, "4.0.5"]].each { |args| settle(*args) }
      end.not_to output.to_stderr
    end

    it "stays on where it should be off, with a warning" do
      expect { settle(false, :threaded, "4.1.0") }.to output(/yjit off comes too late/).to_stderr
    end
  end
end
