# frozen_string_literal: true

require "etc"
require_relative "../process_facts"

module Bench
  # A server's process and all processes below it.
  class ProcessTree
    TICK = 1.0 / Etc.sysconf(Etc::SC_CLK_TCK)

    # @param pid [Integer]
    def initialize(pid)
      @pid = pid
    end

    # @return [Array<Integer>]
    def pids
      children = parents.group_by(&:last).transform_values { |pairs| pairs.map(&:first) }
      found = [@pid]
      found.each { |pid| found.concat(children.fetch(pid, [])) }
    end

    # @return [Float] seconds of CPU, in the program and in the kernel for it
    def cpu = pids.sum { |pid| stat(pid)&.values_at(11, 12)&.sum(&:to_i).to_i } * TICK

    # @return [Integer] KiB
    def pss = pids.sum { |pid| ProcessFacts.pss(pid).to_i }

    private

    def parents
      Dir.each_child("/proc").grep(/\A\d+\z/).filter_map do |pid|
        fields = stat(pid) and [pid.to_i, fields[1].to_i]
      end
    end

    # @return [Array<String>, nil] the fields after the name, which may contain spaces
    def stat(pid)
      File.read("/proc/#{pid}/stat")[/\A.*\) (.*)/m, 1].split
    rescue Errno::ENOENT, Errno::ESRCH
      nil
    end
  end
end
