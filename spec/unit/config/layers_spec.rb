# frozen_string_literal: true

require "tmpdir"
require "kino/config/layers"

RSpec.describe Kino::Config::Layers do
  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  def load(env: {}, file: nil, **flags)
    given = flags.to_h { |name, value| [name, Kino::Config::Given.new(value:, source: "--#{name}")] }
    described_class.load(flags: given, env:, file:)
  end

  it "prefers a flag to the environment, the environment to the file, and the file to the default" do
    File.write("kino.rb", "batch 2\nport 2\nqueue_depth 2")
    layers = load(env: { "KINO_BATCH" => "3", "PORT" => "3" }, batch: "4")
    expect(layers.settings).to have_attributes(batch: 4, port: 3, queue_depth: 2, max_headers: 100)
    expect(%i[batch port queue_depth max_headers].map { |name| layers[name]&.source })
      .to eq(["--batch", "PORT", "kino.rb:3", nil])
  end

  it "names the source of an invalid value, for each kind of source" do
    File.write("kino.rb", "batch 0")
    expect { load.settings }.to raise_error(Kino::ConfigError, /\Abatch must be .* got 0 \(from kino\.rb:1\)\z/)
    expect { load(env: { "KINO_BATCH" => "0" }).settings }.to raise_error(/got "0" \(from KINO_BATCH\)\z/)
    expect { load(batch: "0").settings }.to raise_error(/got "0" \(from --batch\)\z/)
  end

  it "prefers the port in the environment to that of bind in the file" do
    File.write("kino.rb", 'bind "tcp://0.0.0.0:80"')
    expect(load(env: { "PORT" => "81" }).settings).to have_attributes(host: "0.0.0.0", port: 81)
  end

  describe "the file" do
    it "is kino.rb, or else config/kino.rb" do
      expect(load.path).to be_nil
      Dir.mkdir("config")
      File.write("config/kino.rb", "batch 3")
      expect(load).to have_attributes(path: "config/kino.rb", settings: have_attributes(batch: 3))
      File.write("kino.rb", "batch 2")
      expect(load).to have_attributes(path: "kino.rb", settings: have_attributes(batch: 2))
    end

    it "is not skipped if it is a dangling symlink" do
      File.symlink("gone.rb", "kino.rb")
      expect { described_class.load(env: {}) }.to raise_error(Kino::ConfigError, "no such configuration file: kino.rb")
    end

    it "is the given one, which must exist" do
      File.write("kino.rb", "batch 2")
      File.write("other.rb", "batch 3")
      expect(load(file: "other.rb").settings.batch).to eq(3)
      expect { load(file: "none.rb") }.to raise_error(Kino::ConfigError, "no such configuration file: none.rb")
    end

    it "is not read with -" do
      File.write("kino.rb", "raise 'read'")
      expect(load(file: "-")).to have_attributes(path: nil, settings: have_attributes(batch: 1))
    end
  end

  it "can be overridden by given values" do
    more = { batch: Kino::Config::Given.new(value: 5, source: "a test") }
    expect(load(batch: "4").with(more).settings.batch).to eq(5)
  end
end
