# frozen_string_literal: true

require "etc"

# Kino, a Ractor web server for Rack.
module Kino
  # How many cores this process may use: the default for `workers`.
  #
  # @return [Integer] at least 1
  def self.usable_cpus = Cpus.new.usable

  # Counts the cores that the kernel lets this process use: by its CPU affinity, and by the CPU quota of its control
  # group (a container's `--cpus`), which `nproc` does not know.
  #
  # @api private
  class Cpus
    # Where control groups are mounted, relative to the root.
    MOUNT = "sys/fs/cgroup"

    # @param root [String] the directory of `proc` and `sys`
    # @param processors [Integer] cores by affinity; Etc.nprocessors calls sched_getaffinity on Linux
    def initialize(root: "/", processors: Etc.nprocessors)
      @root = root
      @processors = processors
    end

    # Rounds a quota down, but not below 1. With a quota of 2.5 cores, a third busy worker would use it up before the
    # period ends, and the kernel would stop all of them until the next one.
    #
    # @return [Integer] at least 1
    def usable
      [@processors, *quotas.map(&:floor)].min.clamp(1..)
    end

    private

    # @return [Array<Rational>] the quotas, in cores, of the process's group and of all groups above it: all apply
    def quotas
      memberships.flat_map do |controllers, path|
        if controllers.empty?
          climb(MOUNT, path) { |directory| unified_quota(directory) }
        elsif controllers.split(",").include?("cpu")
          [controllers, "cpu"].uniq.flat_map { |name| climb("#{MOUNT}/#{name}", path) { |dir| legacy_quota(dir) } }
        else
          []
        end
      end
    end

    # @return [Array<Array(String, String)>] pairs of controllers ("" in cgroup v2) and the group's path
    def memberships
      read("proc/self/cgroup").to_s.each_line(chomp: true).map { |line| line.split(":", 3).drop(1) }
                              .select { |pair| pair.size == 2 }
    end

    # Yields the group's directory and every one above it, up to the mount point. In a container the path is often the
    # host's, of which only the mount point exists here; it begins with ".." if the process is outside its namespace's
    # root.
    def climb(mount, path)
      names = path.split("/").reject { |name| name.empty? || name == ".." }
      names.size.downto(0).filter_map { |depth| yield File.join(mount, *names.first(depth)) }
    end

    # cgroup v2: "<quota> <period>", both in microseconds; the quota may be "max".
    def unified_quota(directory)
      quota, period = read("#{directory}/cpu.max").to_s.split
      share(quota, period)
    end

    # cgroup v1: the quota is -1 if there is none.
    def legacy_quota(directory)
      share(read("#{directory}/cpu.cfs_quota_us"), read("#{directory}/cpu.cfs_period_us"))
    end

    def share(quota, period)
      quota = quota.to_i
      period = period.to_i
      Rational(quota, period) if quota.positive? && period.positive?
    end

    def read(path)
      File.read(File.join(@root, path))
    rescue SystemCallError
      nil # no such group, no such controller, or not Linux: no limit
    end
  end
end
