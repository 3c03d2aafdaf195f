# frozen_string_literal: true

require "fileutils"
require "rbconfig"
require "tmpdir"
require "kino/pidfile"

RSpec.describe Kino::Pidfile do
  subject(:pidfile) { described_class.new(path) }

  let(:path) { "#{@directory}/kino.pid" }

  around do |example|
    Dir.mktmpdir("kino") do |directory|
      @directory = directory
      example.run
    end
  end

  # @yieldparam pid [Integer] of a process that lives until the end of the block
  def neighbour
    reader, writer = IO.pipe
    pid = spawn(RbConfig.ruby, "--disable-gems", "-e", "$stdin.read", in: reader)
    reader.close
    yield pid
  ensure
    writer.close
    Process.wait(pid)
  end

  # @yieldparam pid [Integer] of a process that owns the file until the end of the block
  def owner
    reader, writer = IO.pipe
    verdicts, verdict = IO.pipe
    pid = fork { contend(reader, writer, verdict) }
    expect(verdicts.gets).to eq("#{pid}\n")
    yield pid
  ensure
    [reader, writer, verdicts, verdict].each(&:close) # which lets it go
    Process.wait(pid)
  end

  def dead = spawn("true").tap { |pid| Process.wait(pid) }

  # As if the clock had been set forward, or the file were that old.
  def age = File.utime(Time.now - 60, Time.now - 60, path)

  def expect_refusal(words)
    expect { pidfile.claim }.to raise_error(Kino::PidfileError, words)
    expect(File.exist?("#{path}.new")).to be(false)
  end

  def expect_ours
    expect(File.read(path)).to eq("#{Process.pid}\n")
    expect(Dir.children(@directory)).to eq(["kino.pid"])
  end

  # @param text [String] what is found there
  def expect_replacement(text, from: nil)
    File.write(path, text)
    yield if block_given?
    pidfile.claim(from:)
    expect_ours
  end

  it "holds our pid until it is released" do
    expect(pidfile.claim).to be(pidfile)
    expect_ours
    expect(pidfile.release).to be(true)
    expect(File.exist?(path)).to be(false)
  end

  it "is readable and not writable for others, less the umask" do
    former = File.umask(0o026)
    pidfile.claim
    expect(File.stat(path).mode & 0o7777).to eq(0o640)
  ensure
    File.umask(former)
  end

  it "may be claimed again, which changes nothing" do
    pidfile.claim
    before = File.stat(path).ino
    pidfile.claim
    expect_ours
    expect(File.stat(path).ino).to eq(before)
  end

  it "means the same file after a change of directory" do
    Dir.chdir(@directory) { described_class.new("kino.pid") }.claim
    expect_ours
  end

  it "is relative to the given directory" do
    described_class.new("kino.pid", directory: @directory).claim
    expect_ours
  end

  it "cannot be claimed while its owner lives" do
    owner do |pid|
      expect_refusal("the pidfile #{path} names process #{pid}, which runs; is that a server already?")
      expect(File.read(path)).to eq("#{pid}\n")
    end
  end

  it "cannot be claimed while its owner lives, even if the clock was changed" do
    owner do |pid|
      age
      expect_refusal(/names process #{pid}, which runs/)
    end
  end

  it "cannot be claimed while a process lives that another program wrote there" do
    neighbour do |pid|
      File.write(path, "#{pid}\n")
      expect_refusal(/names process #{pid}, which runs/)
    end
  end

  it "cannot be claimed if it names a process of another user" do
    allow(Process).to receive(:kill).and_raise(Errno::EPERM)
    neighbour do |pid|
      File.write(path, pid.to_s)
      expect_refusal(/names process #{pid}, which runs/)
    end
  end

  it "is taken over from a live predecessor, which then leaves it alone" do
    owner do |pid|
      pidfile.claim(from: pid)
      expect_ours
    end
    expect_ours
  end

  it "cannot be claimed after it was taken over, even if the clock was changed" do
    owner do |former|
      pidfile.claim(from: former)
      age
      expect(in_child { described_class.new(path).claim }).to eq("Kino::PidfileError")
    end
  end

  it "is replaced if it is stale" do
    expect_replacement("#{dead}\n     ")
  end

  it "is replaced if it is empty" do
    expect_replacement("")
  end

  it "is replaced if its number cannot be a pid" do
    expect_replacement("9999999999\n")
  end

  it "is replaced if its owner is dead, even if a forked child lives" do
    reader, writer = IO.pipe
    owner = fork { leave_child(reader, writer) }
    Process.wait(owner)
    expect(File.read(path)).to eq("#{owner}\n")
    expect(File.open(path) { |file| file.flock(File::LOCK_EX | File::LOCK_NB) }).to be(false)
    pidfile.claim
    expect_ours
  ensure
    [reader, writer].each(&:close) # which lets the child go
  end

  it "is not held by a program that its owner started" do
    pidfile.claim
    File.open(path) do |file|
      neighbour do
        expect(file.flock(File::LOCK_EX | File::LOCK_NB)).to be(false)
        pidfile.release
        expect(file.flock(File::LOCK_EX | File::LOCK_NB)).to eq(0)
      end
    end
  end

  # Whoever may read a file may lock it.
  it "is replaced if it is stale and a reader holds a lock on it" do
    File.write(path, "#{dead}\n")
    File.open(path) do |file|
      file.flock(File::LOCK_EX)
      pidfile.claim
    end
    expect_ours
    File.open(path) do |file|
      file.flock(File::LOCK_SH | File::LOCK_NB)
      expect(pidfile.release).to be(true)
    end
  end

  it "is replaced through a draft that a crash left behind" do
    File.write("#{path}.new", "1234567890")
    pidfile.claim
    expect_ours
  end

  if File.exist?("/proc/self/stat")
    it "is replaced if its pid belongs to a newer process" do
      neighbour { |pid| expect_replacement("#{pid}\n") { age } }
    end

    it "is replaced if its pid belongs to a newer process of another user" do
      allow(Process).to receive(:kill).and_raise(Errno::EPERM)
      neighbour { |pid| expect_replacement("#{pid}\n") { age } }
    end

    it "is replaced in that case even if a reader holds a shared lock on it" do
      neighbour do |pid|
        File.write(path, "#{pid}\n")
        age
        File.open(path) do |file|
          file.flock(File::LOCK_SH)
          pidfile.claim
        end
        expect_ours
      end
    end
  end

  ["not a number\n", "12 13\n", "-1\n", "0\n", "1" * 40].each do |text|
    it "cannot be claimed with #{text.inspect} in it" do
      File.write(path, text)
      expect_refusal(/\Athe pidfile #{path} holds no process id but "/)
      expect(File.read(path)).to eq(text)
    end
  end

  it "does not follow symlinks" do
    target = "#{@directory}/target"
    File.write(target, "")
    File.symlink(target, path)
    expect_refusal("the pidfile #{path} is a symlink, which is not followed")
    expect(File.read(target)).to eq("")
  end

  it "rejects a directory" do
    Dir.mkdir(path)
    expect_refusal("the pidfile #{path} is a directory")
  end

  it "rejects a pipe, without waiting for its other end" do
    File.mkfifo(path)
    expect_refusal("the pidfile #{path} is no regular file")
  end

  it "does not create its directory" do
    FileUtils.rm_r(@directory)
    expect_refusal("the pidfile #{path} cannot be made: there is no directory #{@directory}")
  ensure
    Dir.mkdir(@directory)
  end

  it "reports a lack of permission" do
    allow(File).to receive(:open).and_raise(Errno::EACCES)
    expect_refusal("the pidfile #{path} cannot be written: permission denied")
  end

  it "reports that another process keeps it locked" do
    stub_const("#{described_class}::LOCK_TIMEOUT", 0.01)
    File.open("#{path}.new", "w") do |file|
      file.flock(File::LOCK_EX)
      expect { pidfile.claim }.to raise_error(
        Kino::PidfileError, "the pidfile #{path} cannot be written: #{path}.new is locked by another process"
      )
    end
  end

  it "is not written through a symlink in the place of its draft" do
    target = "#{@directory}/target"
    File.write(target, "")
    File.symlink(target, "#{path}.new")
    expect { pidfile.claim }.to raise_error(Kino::PidfileError, /cannot be written: #{path}\.new is no regular file\z/)
    expect([File.read(target), File.exist?(path)]).to eq(["", false])
  end

  describe "release" do
    it "leaves another process's file alone" do
      pidfile.claim
      File.write(path, "1\n")
      expect(pidfile.release).to be(false)
      expect(Dir.children(@directory).map { |name| File.read("#{@directory}/#{name}") }).to eq(["1\n"])
    end

    it "leaves a file alone that is no longer a pidfile, and does nothing if it is gone" do
      pidfile.claim
      File.write(path, "text")
      expect(pidfile.release).to be(false)
      File.delete(path)
      expect(pidfile.release).to be(false)
      expect(File.exist?(path)).to be(false)
    end

    it "does nothing in a forked child" do
      pidfile.claim
      child = fork { exit!(pidfile.release ? 1 : 0) }
      expect(Process.wait2(child).last.exitstatus).to eq(0)
      expect_ours
    end
  end

  it "is claimed by exactly one of many processes that find it stale" do
    5.times do
      File.write(path, "#{dead}\n")
      reader, writer = IO.pipe
      verdicts, verdict = IO.pipe
      children = Array.new(8) { fork { contend(reader, writer, verdict) } }
      reader.close
      said = Array.new(8) { verdicts.gets }
      expect(said.tally).to eq("lost\n" => 7, File.read(path) => 1)
    ensure
      [verdicts, verdict, writer].each(&:close) # which lets them go
      children.each { |child| Process.wait(child) }
    end
  end

  # @return [String] the class of what the block raises, or what it returns
  def in_child
    IO.popen("-") do |output|
      next output.read if output

      print(begin
        yield.inspect
      rescue StandardError => error
        error.class
      end)
      $stdout.flush
      exit!
    end
  end

  # Claims it, forks a child that stays, and dies of a crash.
  def leave_child(reader, writer)
    writer.close
    pidfile.claim
    fork do
      reader.read
      exit!
    end
    Process.kill("KILL", Process.pid)
  end

  # Says its pid or that it has lost, and lives until the others have said so too.
  def contend(reader, writer, verdict)
    writer.close
    pidfile.claim
    verdict.syswrite("#{Process.pid}\n")
    reader.read
  rescue Kino::PidfileError
    verdict.syswrite("lost\n")
  ensure
    exit!
  end
end
