# frozen_string_literal: true

require "kino/yjit"

RSpec.describe Kino::YJIT do
  let(:compiler) do
    Struct.new(:on) do
      alias_method :enabled?, :on

      def enable = self.on = true
    end.new(false)
  end

  def apply(setting, mode, ruby, env: {}) = described_class.apply(setting, mode, ruby:, env:, compiler:)

  # Whether YJIT is on afterwards.
  def on?(...)
    compiler.on = false
    apply(...)
    compiler.on
  end

  it "is on with auto, but in ractor mode only on a Ruby whose Procs do not stop other Ractors" do
    %w[3.4.5 4.0.5 4.1.0].each { |ruby| expect(on?(:auto, :threaded, ruby)).to be(true) }
    expect(%w[3.4.5 4.0.5 4.1.0 5.0.0].map { |ruby| on?(:auto, :ractor, ruby) }).to eq([false, false, true, true])
  end

  it "follows the setting on or off" do
    %i[ractor threaded].product(%w[4.0.5 4.1.0]).each do |mode, ruby|
      expect([true, false].map { |setting| on?(setting, mode, ruby) }).to eq([true, false])
    end
  end

  it "stays off with auto if the environment says so, but not if the directive is set" do
    env = { "RUBY_YJIT_ENABLE" => "0" }
    expect([:auto, true].map { |setting| on?(setting, :threaded, "4.0.5", env:) }).to eq([false, true])
  end

  it "does nothing if this Ruby has no YJIT" do
    expect(described_class.apply(true, :threaded, compiler: nil)).to be_nil
  end

  describe "when it is on already" do
    before do
      compiler.on = true
      expect(compiler).not_to receive(:enable)
    end

    it "warns if it may cost much" do
      expect { apply(:auto, :ractor, "4.0.5") }
        .to output(/warning: YJIT is on, .* Ruby 4\.0\.5 each Proc .* stops all Ractors/).to_stderr
      expect do
        [[:auto, :ractor, "4.1.0"], [:auto, :threaded, "4.0.5"], [true, :ractor, "4.0.5"]].each { |args| apply(*args) }
      end.not_to output.to_stderr
    end

    it "warns if it should be off" do
      expect { apply(false, :threaded, "4.1.0") }.to output(/yjit off comes too late/).to_stderr
    end
  end
end
