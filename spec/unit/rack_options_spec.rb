# frozen_string_literal: true

require "kino/rack_options"

RSpec.describe Kino::RackOptions do
  def given(**values) = values.transform_values { |value| Kino::Config::Given.new(value:, source: "kino.rb") }

  it "leaves YJIT to the program unless the option is given" do
    expect(described_class.new({}).keywords).to eq(Kino::Config::Settings.resolve.to_h.except(:yjit))
    named = Kino::Config::Layers.new(path: nil, layers: [{ yjit: Kino::Config::Given.new(value: "off", source: "") }])
    expect([described_class.new({ yjit: "on" }), described_class.new({}, layers: named)].map { it.keywords[:yjit] })
      .to eq([true, false])
  end

  def settings(layers: nil, **options)
    return described_class.new(options).settings unless layers

    described_class.new(options, layers: Kino::Config::Layers.new(path: nil, layers: [layers])).settings
  end

  it "accepts directives as text and as Ruby values" do
    expect(settings(workers: "3", queue_timeout: "250ms", lanes: "on", max_body_size: "none"))
      .to have_attributes(workers: 3, queue_timeout: 0.25, lanes: true, max_body_size: nil)
    hook = -> {}
    expect(settings(threads: 2, mode: :threaded, after_boot: hook))
      .to have_attributes(threads: 2, mode: :threaded, after_boot: hook)
  end

  it "accepts Rack's names for the address and the environment" do
    expect(settings(Host: "::1", Port: "3000", environment: "deployment"))
      .to have_attributes(host: "::1", port: 3000, environment: "deployment")
    expect(settings(Host: nil, Port: nil)).to eq(Kino::Config::Settings.resolve)
  end

  it "prefers an address under Kino's own name, because rackup fills in the others" do
    made_up = { Host: "localhost", Port: 9292 }
    expect(settings(**made_up, bind: "tcp://[::1]:8080")).to have_attributes(host: "::1", port: 8080)
    expect(settings(**made_up, bind: "0.0.0.0")).to have_attributes(host: "0.0.0.0", port: 9292)
    expect(settings(**made_up, port: "80")).to have_attributes(host: "localhost", port: 80)
  end

  it "ignores the options of others" do
    foreign = described_class::FOREIGN.to_h { |name| [name, Object.new] }.merge(user_supplied_options: [])
    expect(settings(**foreign)).to eq(Kino::Config::Settings.resolve)
  end

  it "accepts early_hints from Rails, which passes nil unless --early-hints is given" do
    layers = given(early_hints: true)
    expect([settings(early_hints: nil), settings(early_hints: nil, layers:), settings(early_hints: true)])
      .to match([have_attributes(early_hints: false), *[have_attributes(early_hints: true)] * 2])
  end

  it "never mistakes another's option for a directive" do
    names = [*described_class::FOREIGN, *described_class::RENAMED.keys]
    expect(names & Kino::Config::Directives::NAMES).to eq([])
  end

  it "rejects an unknown option, and suggests the nearest" do
    expect { settings(worker: "2") }
      .to raise_error(Kino::ConfigError,
                      /\Aunknown option: worker \(did you mean workers\?\); there are bind, .* and Port\z/)
    expect { settings(SSLEnable: 1) }.to raise_error(Kino::ConfigError, /\Aunknown option: SSLEnable; there are bind, /)
    expect { settings("worker" => 2) }.to raise_error(Kino::ConfigError, /\Aunknown option: worker /)
    expect { settings(host: "a") }.to raise_error(Kino::ConfigError, /\Aunknown option: host \(did you mean Host\?\)/)
  end

  it "names the invalid option" do
    expect { settings(Port: "http") }
      .to raise_error(Kino::ConfigError, /\Aport must be .* got "http" \(from the Rack option Port\)\z/)
    # rackup: -O workers, without a value
    expect { settings(workers: true) }.to raise_error(Kino::ConfigError, /got true \(from the Rack option workers\)\z/)
  end

  it "takes no file of an app that is loaded already" do
    expect { settings(rackup: "config.ru") }.to raise_error(Kino::ConfigError, /\Arackup is no option here/)
  end

  describe "beside what a file says" do
    it "goes before it" do
      expect(settings(layers: given(workers: 2, port: 80), workers: "3", Port: 3000))
        .to have_attributes(workers: 3, port: 3000)
    end

    it "lets it go before a Host and a Port that Rails has made up" do
      options = { Host: "localhost", Port: 3000, user_supplied_options: [:environment] }
      expect(settings(**options, layers: given(port: 80))).to have_attributes(host: "localhost", port: 80)
      expect(settings(**options, layers: given(bind: "tcp://[::1]:80"))).to have_attributes(host: "::1", port: 80)
      expect(settings(**options, layers: {})).to have_attributes(host: "localhost", port: 3000)
      expect(settings(**options, user_supplied_options: [:Port], layers: given(bind: "::1", port: 80)))
        .to have_attributes(host: "::1", port: 3000)
    end
  end

  it "is quiet where it is asked to be" do
    asked = [{ quiet: true }, { Silent: true }, { quiet: false }, {}]
    expect(asked.map { |options| described_class.new(options).quiet? }).to eq([true, true, false, false])
  end

  describe ".help" do
    it "has each directive that a command line can give, and Rack's names" do
      names = described_class.help.keys.map { |text| text[/\A\w+/] }
      expected = Kino::Config::Directives::ALL.select(&:flag).map { |directive| directive.name.name } - ["rackup"]
      expect(names).to match_array(expected + %w[Host Port])
      expect(described_class.help).to include("workers=COUNT" => /\Aworker .* \(default: auto\)\z/)
    end
  end
end
