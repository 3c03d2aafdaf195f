# frozen_string_literal: true

require "stringio"
require "tmpdir"
require "kino/cli/init"

RSpec.describe Kino::CLI::Init do
  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  let(:out) { StringIO.new }

  def call(**) = described_class.new(out:).call(**)

  it "writes the sample, and prints its path" do
    call
    expect(File.read("kino.rb")).to eq(Kino::Config::Sample.text)
    expect(out.string).to eq("wrote kino.rb\n")
  end

  it "writes to the given path, and creates its directory" do
    call(config: "config/kino.rb")
    expect(File.file?("config/kino.rb")).to be(true)
  end

  it "refuses to overwrite" do
    File.write("kino.rb", "mine")
    expect { call }.to raise_error(Kino::ConfigError, "kino.rb is there already: --force replaces it")
    expect(File.read("kino.rb")).to eq("mine")
  end

  it "refuses to shadow another config file that was read until now" do
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

  it "replaces a symlink, and leaves its target alone" do
    File.write("theirs", "theirs")
    File.symlink("theirs", "kino.rb")
    call(force: true)
    expect([File.read("theirs"), File.lstat("kino.rb").file?]).to eq(["theirs", true])
  end

  it "keeps the mode of the file that it replaces, and never widens it" do
    File.write("kino.rb", "mine", perm: 0o600)
    call(force: true)
    expect(File.stat("kino.rb").mode & 0o777).to eq(0o600)
    call(config: "new.rb")
    expect(File.stat("new.rb").mode & 0o777).to eq(0o644 & ~File.umask)
  end

  it "replaces the file atomically or not at all, and leaves no draft behind" do
    File.write("kino.rb", "mine")
    allow(File).to receive(:rename).and_raise(Errno::EACCES)
    expect { call(force: true) }.to raise_error(Kino::ConfigError, "cannot write kino.rb: Permission denied")
    expect([File.read("kino.rb"), Dir.children(".")]).to eq(["mine", ["kino.rb"]])
    allow(File).to receive(:open).with("new.rb", any_args).and_wrap_original do |original, *arguments, **options|
      original.call(*arguments, **options).close
      raise Errno::ENOSPC
    end
    expect { call(config: "new.rb") }.to raise_error(Kino::ConfigError, /\Acannot write new\.rb: No space/)
    expect(Dir.children(".")).to eq(["kino.rb"])
  end

  it "replaces only regular files" do
    File.mkfifo("pipe")
    expect { call(config: "pipe", force: true) }.to raise_error(Kino::ConfigError, "cannot write pipe: it is no file")
    expect(File.ftype("pipe")).to eq("fifo")
  end

  describe "from a Puma config file" do
    before do
      File.write("puma.rb", <<~TEXT)
        port 3000
        threads 1, 5
        workers 2
        before_worker_boot { puts "up" }
        plugin :tmp_restart
      TEXT
    end

    it "converts what it can, and lists the rest" do
      call(from: "puma.rb")
      given = Kino::Config::File.read("kino.rb")
      expect(given.transform_values(&:value)).to include(port: 3000, threads: 5, workers: 2)
      expect(given[:after_worker_boot].value).to respond_to(:call)
      expect(out.string).to match(/^took over from puma\.rb: .*port.*$/)
      expect(out.string).to match(/^puma\.rb:5: plugin was not taken over: /)
      expect(File.read("kino.rb")).to match(/^# - puma\.rb:5: plugin was not taken over/)
    end

    it "writes nothing if the Puma file cannot be read" do
      expect { call(from: "none.rb") }.to raise_error(Kino::ConfigError, "no such file: none.rb")
      File.write("puma.rb", "port 1\nraise 'boo'")
      expect { call(from: "puma.rb") }.to raise_error(Kino::ConfigError, /puma\.rb:2: boo/)
      expect(File.exist?("kino.rb")).to be(false)
    end

    it "never writes invalid Ruby" do
      setting = Kino::Config::PumaFile::Setting.new(directive: :after_boot, value: "do", line: 1, note: nil)
      translation = Kino::Config::PumaFile::Translation.new(settings: [setting], refused: [], frozen_literals: true)
      allow(Kino::Config::PumaFile).to receive(:translate).and_return(translation)
      expect { call(from: "puma.rb") }
        .to raise_error(Kino::ConfigError, /\Awhat came of puma\.rb is no Ruby, and was not written: line \d+, \S/)
      expect(File.exist?("kino.rb")).to be(false)
    end

    it "leaves frozen_string_literal out if a hook comes from a file without it" do
      codes = ["on_booted { SAID << (\"\" << \"b\") }", "# frozen_string_literal: true\non_booted { 1 }", "port 1"]
      first = codes.map do |code|
        File.write("puma.rb", code)
        call(from: "puma.rb", force: true)
        File.open("kino.rb", &:readline)
      end
      expect(first).to match([/\A# Settings of Kino/, *["# frozen_string_literal: true\n"] * 2])
    end

    it "copies heredocs and multi-line Strings unchanged" do
      File.write("puma.rb", "on_booted { SAID << <<~A }\n  a\n    b\nA\nif true\n  on_booted do\n    SAID << 'c\n    " \
                            "d'\n  end\nend\n")
      call(from: "puma.rb")
      stub_const("SAID", [])
      Kino::Config::File.read("kino.rb")[:after_boot].value.call
      expect(SAID).to eq(["a\n  b\n", "c\n    d"])
    end
  end

  it "says why it cannot write" do
    Dir.mkdir("folder")
    expect { call(config: "folder", force: true) }
      .to raise_error(Kino::ConfigError, /\Acannot write folder: Is a directory/)
    expect { call(config: "-") }.to raise_error(Kino::ConfigError, /\A--init needs a file to write/)
  end
end
