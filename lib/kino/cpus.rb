# frozen_string_literal: true

require "etc"

# Kino, a Ractor web server for Rack.
module Kino
  # How many cores this process may keep busy: the default for `workers`.
  #
  # @return [Integer] at least 1
  def self.usable_cpus = Cpus.new.usable

  # Counts the cores that the kernel lets this process use: CPU affinity first, then the CPU quota of its control
  # group (a container's `--cpus`), which `nproc` does not know of.
  #
  # @api private
  class Cpus
    # Where control groups are mounted, below the root.
    MOUNT = "sys/fs/cgroup"

    # @param root [String] where `proc` and `sys` are found
    # @param processors [Integer] cores by affinity; Etc.nprocessors asks sched_getaffinity on Linux
    def initialize(root: "/", processors: Etc.nprocessors)
      @root = root
      @processors = processors
    end

    # A quota is rounded down, and to no less than 1. With 2.5 cores of quota a third busy worker would use the
    # quota up before the period ends, and then the kernel stops all of them until the next one.
    #
    # @return [Integer] at least 1
    def usable
      [@processors, *quotas.map(&:floor)].min.clamp(1..)
    end

    private

    # @return [Array<Rational>] the quotas, in cores, of the process's own group and of all above it: each binds
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

    # Yields the group's directory and every one above it, up to the mount point. In a container the path is often
    # one of the host's, of which only the mount point exists here; and it begins with ".." when the process
    # stands outside of its namespace's root.
    def climb(mount, path)
      names = path.split("/").reject { |name| name.empty? || name == ".." }
      names.size.downto(0).filter_map { |depth| yield File.join(mount, *names.first(depth)) }
    end

    # cgroup v2: "<quota> <period>", both in microseconds; the quota may be "max".
    def unified_quota(directory)
      quota, period = read("#{directory}/cpu.max").to_s.split
      share(quota, period)
    end

    # cgroup v1: the quota is -1 where there is none.
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
      nil # no such group, no such controller, or not Linux: nothing limits
    end
  end
end
