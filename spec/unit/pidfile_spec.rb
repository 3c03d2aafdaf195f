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

  # Where the system tells.
  def open_files
    Dir.glob("/proc/self/fd/*").filter_map { |link| File.symlink?(link) && File.readlink(link) }
  end

  def dead = spawn("true").tap { |pid| Process.wait(pid) }

  def expect_refusal(words)
    expect { pidfile.claim }.to raise_error(Kino::PidfileError, words)
  end

  it "holds our pid until it is released" do
    expect(pidfile.claim).to be(pidfile)
    expect(File.read(path)).to eq("#{Process.pid}\n")
    expect(pidfile.release).to be(true)
    expect(File.exist?(path)).to be(false)
  end

  it "is not for others to write, nor kept open" do
    pidfile.claim
    expect(File.stat(path).mode & 0o7133).to eq(0)
    expect(open_files).not_to include(path)
  end

  it "may be claimed again" do
    2.times { pidfile.claim }
    expect(File.read(path)).to eq("#{Process.pid}\n")
  end

  it "means the same file after the directory has changed" do
    Dir.chdir(@directory) { described_class.new("kino.pid") }.claim
    expect(File.read(path)).to eq("#{Process.pid}\n")
  end

  it "is refused while its owner lives" do
    neighbour do |pid|
      File.write(path, "#{pid}\n")
      expect_refusal("the pidfile #{path} names process #{pid}, which runs; is that a server already?")
      expect(File.read(path)).to eq("#{pid}\n")
    end
  end

  it "is refused where the owner is somebody else's process" do
    allow(Process).to receive(:kill).and_raise(Errno::EPERM)
    neighbour do |pid|
      File.write(path, pid.to_s)
      expect_refusal(/names process #{pid}, which runs/)
    end
  end

  it "is taken over from the predecessor, which lives" do
    neighbour do |pid|
      File.write(path, "#{pid}\n")
      pidfile.claim(from: pid)
      expect(File.read(path)).to eq("#{Process.pid}\n")
    end
  end

  it "is replaced where it is stale" do
    File.write(path, "#{dead}\n     ")
    pidfile.claim
    expect(File.read(path)).to eq("#{Process.pid}\n")
  end

  if File.exist?("/proc/self/stat")
    it "is replaced where its pid is another process's by now" do
      neighbour do |pid|
        File.write(path, "#{pid}\n")
        File.utime(Time.now - 60, Time.now - 60, path)
        pidfile.claim
        expect(File.read(path)).to eq("#{Process.pid}\n")
      end
    end
  end

  it "is replaced where it is empty" do
    File.write(path, "")
    pidfile.claim
    expect(File.read(path)).to eq("#{Process.pid}\n")
  end

  ["not a number\n", "12 13\n", "-1\n", "0\n", "1" * 40].each do |text|
    it "is refused with #{text.inspect} in it" do
      File.write(path, text)
      expect_refusal(/\Athe pidfile #{path} holds no process id but "/)
      expect(File.read(path)).to eq(text)
    end
  end

  it "is no symlink that is followed" do
    target = "#{@directory}/target"
    File.write(target, "")
    File.symlink(target, path)
    expect_refusal("the pidfile #{path} is a symlink, which is not followed")
    expect(File.read(target)).to eq("")
  end

  it "is no directory" do
    Dir.mkdir(path)
    expect_refusal("the pidfile #{path} is a directory")
  end

  it "is no pipe, for which nobody would wait" do
    File.mkfifo(path)
    expect_refusal("the pidfile #{path} is no regular file")
  end

  it "is not made with its directory" do
    FileUtils.rm_r(@directory)
    expect_refusal("the pidfile #{path} cannot be made: there is no directory #{@directory}")
  ensure
    Dir.mkdir(@directory)
  end

  it "says that there is no permission" do
    allow(File).to receive(:open).and_raise(Errno::EACCES)
    expect_refusal("the pidfile #{path} cannot be written: permission denied")
  end

  it "says so where somebody keeps it locked" do
    stub_const("#{described_class}::LOCK_WAIT", 0.01)
    File.open(path, "w") do |file|
      file.flock(File::LOCK_EX)
      expect_refusal("the pidfile #{path} is locked by another process")
    end
  end

  describe "release" do
    it "leaves another's" do
      pidfile.claim
      File.write(path, "1\n")
      expect(pidfile.release).to be(false)
      expect(File.read(path)).to eq("1\n")
    end

    it "leaves what is none by now, and does nothing where it is gone" do
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
      expect(File.read(path)).to eq("#{Process.pid}\n")
    end
  end

  it "goes to exactly one of many that find it stale" do
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
