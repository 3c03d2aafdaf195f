# frozen_string_literal: true

require_relative "process_tree"

module Bench
  # Who used the CPU during a measurement, in seconds: the server, and all that is neither the server nor this process
  # and its children, of which wrk is one.
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

    # Of /proc/stat: all but idle and iowait, with what a hypervisor gave to others; guests are in user already.
    def self.machine
      fields = File.foreach("/proc/stat").first.split.drop(1).map(&:to_i)
      fields.values_at(0, 1, 2, 5, 6, 7).sum * ProcessTree::TICK
    end

    def self.own = Process.times.to_a.sum

    private_class_method :machine, :own
  end
end
