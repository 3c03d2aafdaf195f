# frozen_string_literal: true

require "open3"
require "rbconfig"
require "tmpdir"
require "kino/program"

RSpec.describe Kino::Program do
  around do |example|
    Dir.mktmpdir("kino") do |directory|
      @directory = File.realpath(directory)
      example.run
    end
  end

  # What a program that asks is told.
  def ask(*options, arguments: [], before: "", **)
    File.write("#{@directory}/asker.rb", program(before:, **))
    answer(*options, "asker.rb", *arguments)
  end

  def program(before: "", env: {}, code: "Kino::Program.command")
    @env = env
    "#{before}; require '#{File.expand_path("../../lib", __dir__)}/kino/program'; print Marshal.dump((#{code}))"
  end

  def answer(*words)
    output, status = Open3.capture2(@env, RbConfig.ruby, *words, chdir: @directory)
    raise "it failed" unless status.success?

    Marshal.load(output) # rubocop:disable Security/MarshalLoad -- our own child's
  end

  it "has the command line that started it, with Ruby's options" do
    options = ["-W1", "-I/some/where", "-rset", "--yjit"]
    expect(ask(*options, arguments: ["-p", "1 2"]))
      .to eq([RbConfig.ruby, *options, "asker.rb", "-p", "1 2"])
  end

  it "has the command line of a program given with -e" do
    words = ["-W1", "-e", program, "--", "x"]
    expect(answer(*words)).to eq([RbConfig.ruby, *words])
  end

  it "is not affected if the program changes ARGV or its title" do
    expect(ask("-W1", arguments: ["x"], code: "ARGV.clear; $0 = 'title'; Kino::Program.command"))
      .to eq([RbConfig.ruby, "-W1", "asker.rb", "x"])
  end

  it "makes the best of a process that has changed its title" do
    words = ask("-W1", "-I/some/where", arguments: ["x"], before: "Process.setproctitle('title')")
    expect(words).to start_with(RbConfig.ruby, "-I/some/where").and end_with("asker.rb", "x")
  end

  it "has no command line if the program cannot be found" do
    expect(ask(before: "$0 = 'title'")).to be_nil
  end

  it "has the command line after a change of directory" do
    Dir.mkdir("#{@directory}/elsewhere")
    expect(ask(code: "Dir.chdir('elsewhere'); Kino::Program.command")).to eq([RbConfig.ruby, "asker.rb"])
  end

  it "has none once the program file is gone" do
    expect(ask(code: "File.delete('asker.rb'); Kino::Program.command")).to be_nil
  end

  describe "the directory" do
    def directory(pwd) = ask(env: { "PWD" => pwd }, code: "Kino::Program.directory")

    it "keeps its given name if that still leads there" do
      File.symlink(@directory, "#{@directory}/current")
      expect(directory("#{@directory}/current")).to eq("#{@directory}/current")
    end

    it "is the real path otherwise" do
      [nil, "", ".", "/", "/nowhere"].each { |pwd| expect(directory(pwd)).to eq(@directory) }
    end
  end

  describe "the environment" do
    def environment(given, before: "")
      ask(env: given, before:, code: "ENV['LATER'] = '1'; Kino::Program.environment")
    end

    it "is that of the start, without the variables meant for this process alone" do
      given = environment({ "MINE" => "1", "LISTEN_FDS" => "1", "LISTEN_PID" => "2", "KINO_REEXEC" => "1",
                            "KINO_HANDOVER" => "x", "WATCHDOG_USEC" => "4" })
      expect(given).to include("MINE" => "1", "WATCHDOG_USEC" => "4", "PWD" => @directory)
      expect(given.keys & %w[LATER LISTEN_FDS LISTEN_PID KINO_REEXEC KINO_HANDOVER]).to be_empty
    end

    it "passes on this process's watchdog, and not another's" do
      expect(environment({}, before: "ENV['WATCHDOG_PID'] = Process.pid.to_s")).not_to include("WATCHDOG_PID")
      expect(environment({ "WATCHDOG_PID" => "1" })).to include("WATCHDOG_PID" => "1")
    end

    it "keeps a Gemfile that was given, and lets Bundler search again otherwise" do
      unset = "BUNDLER_ENVIRONMENT_PRESERVER_INTENTIONALLY_NIL"
      before = "ENV['BUNDLE_GEMFILE'] = '/a/Gemfile'; ENV['BUNDLER_ORIG_BUNDLE_GEMFILE'] ="
      clean = { "RUBYOPT" => nil, "BUNDLE_GEMFILE" => nil }
      expect(environment(clean, before: "#{before} '/a/Gemfile'")).to include("BUNDLE_GEMFILE" => "/a/Gemfile")
      expect(environment(clean, before: "#{before} '#{unset}'")).not_to include("BUNDLE_GEMFILE")
    end
  end
end
