# frozen_string_literal: true

require_relative "process_tree"

module Bench
  # CPU seconds during a measurement: of the server, and of everything except the server, this process and its children,
  # such as wrk.
  CpuUse = Data.define(:tree, :others) do
    # @param tree [ProcessTree] of the server
    # @yield what is measured
    # @return [CpuUse]
    def self.of(tree)
      before = [machine, tree.cpu, own]
      yield
      all, server, ours = [machine, tree.cpu, own].zip(before).map { |after, start| after - start }
      new(tree: server, others: [all - server - ours, 0.0].max)
    end

    # From /proc/stat: all but idle and iowait. It includes steal; guest time is part of user time.
    def self.machine
      fields = File.foreach("/proc/stat").first.split.drop(1).map(&:to_i)
      fields.values_at(0, 1, 2, 5, 6, 7).sum * ProcessTree::TICK
    end

    def self.own = Process.times.to_a.sum

    private_class_method :machine, :own
  end
end
