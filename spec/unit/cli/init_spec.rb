# frozen_string_literal: true

require "stringio"
require "tmpdir"
require "kino/cli/init"

RSpec.describe Kino::CLI::Init do
  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  let(:out) { StringIO.new }

  def call(**) = described_class.new(out:).call(**)

  it "writes the sample, and says where" do
    call
    expect(File.read("kino.rb")).to eq(Kino::Config::Sample.text)
    expect(out.string).to eq("wrote kino.rb\n")
  end

  it "writes to the file that is named, and makes its folder" do
    call(config: "config/kino.rb")
    expect(File.file?("config/kino.rb")).to be(true)
  end

  it "refuses to overwrite" do
    File.write("kino.rb", "mine")
    expect { call }.to raise_error(Kino::ConfigError, "kino.rb is there already: --force replaces it")
    expect(File.read("kino.rb")).to eq("mine")
  end

  it "refuses to hide another file that was read until now" do
    Dir.mkdir("config")
    File.write("config/kino.rb", "mine")
    expect { call }
      .to raise_error(Kino::ConfigError, "config/kino.rb is there already: --force writes kino.rb beside it")
  end

  it "replaces the file with --force" do
    File.write("kino.rb", "mine")
    call(force: true)
    expect(File.read("kino.rb")).to eq(Kino::Config::Sample.text)
  end

  describe "from a configuration of Puma" do
    before do
      File.write("puma.rb", <<~TEXT)
        port 3000
        threads 1, 5
        workers 2
        before_worker_boot { puts "up" }
        plugin :tmp_restart
      TEXT
    end

    it "takes over what it can, and says what it cannot" do
      call(from: "puma.rb")
      given = Kino::Config::File.read("kino.rb")
      expect(given.transform_values(&:value)).to include(port: 3000, threads: 5, workers: 2)
      expect(given[:after_worker_boot].value).to respond_to(:call)
      expect(out.string).to match(/^took over from puma\.rb: .*port.*$/)
      expect(out.string).to match(/^puma\.rb:5: plugin was not taken over: /)
      expect(File.read("kino.rb")).to match(/^# - puma\.rb:5: plugin was not taken over/)
    end

    it "writes nothing where that cannot be read" do
      expect { call(from: "none.rb") }.to raise_error(Kino::ConfigError, "no such file: none.rb")
      File.write("puma.rb", "port 1\nraise 'boo'")
      expect { call(from: "puma.rb") }.to raise_error(Kino::ConfigError, /puma\.rb:2: boo/)
      expect(File.exist?("kino.rb")).to be(false)
    end
  end

  it "says why it cannot write" do
    Dir.mkdir("folder")
    expect { call(config: "folder", force: true) }
      .to raise_error(Kino::ConfigError, /\Acannot write folder: Is a directory/)
    expect { call(config: "-") }.to raise_error(Kino::ConfigError, /\A--init needs a file to write/)
  end
end
