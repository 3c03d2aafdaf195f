# frozen_string_literal: true

require "kino/config/settings"

RSpec.describe Kino::Config::Settings do
  def given(**values) = values.transform_values { |value| Kino::Config::Given.new(value:, source: "a test") }

  it "has a reader for each directive, and defaults" do
    settings = described_class.resolve
    expect(described_class.members).to eq(Kino::Config::Directives::NAMES)
    expect(settings).to have_attributes(bind: ["127.0.0.1"], port: 9292, threads: :auto, mode: :auto,
                                        environment: "development", queue_depth: 1024, queue_timeout: 5.0,
                                        shutdown_timeout: 30.0, max_body_size: 52_428_800, tokio_threads: 1)
  end

  it "is frozen and shareable, whatever its values" do
    settings = described_class.resolve(bind: +"tcp://[::1]:80", environment: +"test", queue_timeout: 1)
    expect(settings).to be_frozen
    expect(Ractor.shareable?(settings)).to be(true)
  end

  it "coerces the given values" do
    settings = described_class.resolve(port: "80", mode: "ractor", max_body_size: nil, workers: 3)
    expect(settings).to have_attributes(port: 80, mode: :ractor, max_body_size: nil, workers: 3)
  end

  it "resolves to itself" do
    settings = described_class.resolve(bind: "tcp://[::1]:8000", threads: 2)
    expect(described_class.resolve(**settings.to_h)).to eq(settings)
  end

  it "resolves workers: :auto to the usable cores" do
    allow(Kino).to receive(:usable_cpus).and_return(6)
    expect(described_class.resolve(workers: :auto).workers).to eq(6)
  end

  it "keeps workers: :auto within its bounds on any machine" do
    allow(Kino).to receive(:usable_cpus).and_return(4096)
    expect(described_class.resolve.workers).to eq(1024)
  end

  it "names the keyword of an invalid value" do
    expect { described_class.resolve(workers: 0) }
      .to raise_error(Kino::ConfigError, /workers must be auto or an integer .* got 0 \(from the keyword workers:\)/)
  end

  it "rejects an unknown keyword, and names the nearest" do
    expect { described_class.resolve(queue_dept: 1) }
      .to raise_error(Kino::ConfigError, "unknown setting: queue_dept (did you mean queue_depth?)")
  end

  describe "layers" do
    it "lets a later layer win" do
      settings = described_class.from_layers(given(port: 1, queue_depth: 2), given(port: 3))
      expect(settings).to have_attributes(port: 3, queue_depth: 2)
    end

    it "names the source of an invalid value" do
      expect { described_class.from_layers(given(port: "x")) }.to raise_error(Kino::ConfigError, /\(from a test\)\z/)
    end
  end

  describe "lanes" do
    it "are off, and workers take one request at a time" do
      expect(described_class.resolve).to have_attributes(lanes: false, batch: 1)
    end

    it "are allowed with dispatch auto and queue" do
      %i[auto queue].each do |dispatch|
        expect(described_class.resolve(lanes: "on", dispatch:)).to have_attributes(lanes: true, dispatch:)
      end
    end

    it "are rejected with dispatch driven, in whichever layer it was set" do
      expect { described_class.from_layers(given(dispatch: "driven"), given(lanes: true)) }
        .to raise_error(Kino::ConfigError, /\Alanes \(from a test\) are .* driven \(from a test\), where .* queue\z/)
      expect(described_class.resolve(lanes: false, batch: 8, dispatch: :driven).dispatch).to eq(:driven)
    end
  end

  describe "bind and port" do
    it "gives the host without brackets" do
      expect(described_class.resolve(bind: "[::1]").host).to eq("::1")
    end

    it "uses the port in bind" do
      expect(described_class.resolve(bind: "tcp://localhost:0")).to have_attributes(host: "localhost", port: 0)
    end

    it "uses port if bind has none" do
      expect(described_class.resolve(bind: "tcp://localhost", port: 80).port).to eq(80)
    end

    it "accepts both if they agree" do
      expect(described_class.resolve(bind: "tcp://localhost:80", port: 80).port).to eq(80)
    end

    it "uses the port of the stronger layer" do
      weak = given(bind: "tcp://localhost:80")
      expect(described_class.from_layers(weak, given(port: 81)))
        .to have_attributes(bind: ["tcp://localhost:81"], port: 81)
      expect(described_class.from_layers(given(port: 81), weak)).to have_attributes(host: "localhost", port: 80)
      expect(described_class.from_layers(weak, given(port: 80))).to have_attributes(host: "localhost", port: 80)
    end

    it "changes nothing else of the address" do
      weak = given(bind: ["ssl://[::1]:80?cert=a&key=b", "unix:///a"])
      expect(described_class.from_layers(weak, given(port: 81)).bind)
        .to eq(["ssl://[::1]:81?cert=a&key=b", "unix:///a"])
    end

    it "rejects an address that is there twice, whichever way it is written" do
      [%w[tcp://a:1 tcp://a:1 tcp://a:1], %w[a tcp://a:9292], %w[unix:///a unix:///a?mode=600], %w[fd://3 fd://3]]
        .each { |bind| expect { described_class.resolve(bind:) }.to raise_error(Kino::ConfigError, /bind names .* twice/) }
      expect(described_class.resolve(bind: %w[a a], port: 0).addresses.map(&:port)).to eq([0, 0])
    end

    it "resolves to itself if bind has a port, too" do
      settings = described_class.from_layers(given(bind: "tcp://[::1]:80"), given(port: 81))
      expect(described_class.resolve(**settings.to_h)).to eq(settings)
      expect(settings.host).to eq("::1")
    end

    it "rejects two different ports, even if one is the default, given explicitly" do
      [81, 9292].each do |port|
        expect { described_class.resolve(bind: "tcp://localhost:80", port:) }
          .to raise_error(Kino::ConfigError, /localhost:80 \(from .*\) and port #{port} .* different ports/)
      end
    end

    it "names the sources of both" do
      layer = given(bind: "tcp://h:81").merge(port: Kino::Config::Given.new(value: 80, source: "kino.rb:2"))
      expect { described_class.from_layers(layer) }
        .to raise_error(Kino::ConfigError, "bind tcp://h:81 (from a test) and port 80 (from kino.rb:2) name " \
                                           "different ports: give one of them")
    end
  end
end
