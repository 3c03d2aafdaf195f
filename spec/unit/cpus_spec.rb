# frozen_string_literal: true

require "etc"
require "fileutils"
require "tmpdir"
require "kino/cpus"

RSpec.describe Kino::Cpus do
  around do |example|
    Dir.mktmpdir do |directory|
      @root = directory
      example.run
    end
  end

  def write(path, text)
    file = File.join(@root, path)
    FileUtils.mkdir_p(File.dirname(file))
    File.write(file, text)
  end

  def usable(processors: 16) = described_class.new(root: @root, processors:).usable

  it "is what Kino.usable_cpus returns, and no more than there are" do
    expect(Kino.usable_cpus).to be_between(1, Etc.nprocessors)
  end

  it "is the affinity if there are no control groups" do
    expect(usable).to eq(16)
  end

  it "is at least 1" do
    expect(usable(processors: 0)).to eq(1)
  end

  describe "cgroup v2" do
    before { write("proc/self/cgroup", "0::/a/b\n") }

    it "is the quota of the process's group" do
      write("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n")
      expect(usable).to eq(4)
    end

    it "is the smallest quota on the way up" do
      write("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n")
      write("sys/fs/cgroup/a/cpu.max", "300000 100000\n")
      write("sys/fs/cgroup/cpu.max", "800000 100000\n")
      expect(usable).to eq(3)
    end

    it "is rounded down, and to no less than 1" do
      write("sys/fs/cgroup/a/cpu.max", "250000 100000\n")
      expect(usable).to eq(2)
      write("sys/fs/cgroup/a/b/cpu.max", "50000 100000\n")
      expect(usable).to eq(1)
    end

    it "never exceeds the affinity" do
      write("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n")
      expect(usable(processors: 2)).to eq(2)
    end

    it "takes max, and a file that cannot be read, for no limit" do
      write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
      write("sys/fs/cgroup/a/cpu.max", "")
      write("sys/fs/cgroup/cpu.max", "garbage\n")
      expect(usable).to eq(16)
    end

    it "finds a container's quota at the mount point if the path is the host's" do
      write("proc/self/cgroup", "0::/docker/0123\n")
      write("sys/fs/cgroup/cpu.max", "200000 100000\n")
      expect(usable).to eq(2)
    end

    it "stays below the mount point if the path begins above it" do
      write("proc/self/cgroup", "0::/../../x\n")
      write("sys/cpu.max", "100000 100000\n")
      write("sys/fs/cgroup/x/cpu.max", "500000 100000\n")
      expect(usable).to eq(5)
    end
  end

  describe "cgroup v1" do
    before { write("proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/a\n0::/\nnonsense\n") }

    def quota(directory, quota, period = 100_000)
      write("#{directory}/cpu.cfs_quota_us", "#{quota}\n")
      write("#{directory}/cpu.cfs_period_us", "#{period}\n")
    end

    it "is the quota under the mount of both controllers" do
      quota("sys/fs/cgroup/cpu,cpuacct/a", 300_000)
      expect(usable).to eq(3)
    end

    it "is the quota under the mount of the one controller" do
      quota("sys/fs/cgroup/cpu", 100_000, 50_000)
      expect(usable).to eq(2)
    end

    it "takes -1 for no limit" do
      quota("sys/fs/cgroup/cpu/a", -1)
      expect(usable).to eq(16)
    end
  end
end
