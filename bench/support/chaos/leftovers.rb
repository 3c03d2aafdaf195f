# frozen_string_literal: true

require_relative "../clock"
require_relative "../memory_growth"
require_relative "../process_facts"

module Bench
  module Chaos
    # Compares what an idle server holds before and after a scenario.
    class Leftovers
      # Seconds that the server may take to release what it no longer needs.
      TIMEOUT = 10
      # Descriptors, and native threads, that the VM may add for itself meanwhile.
      SLACK = 4

      Snapshot = Data.define(:descriptors, :threads, :slots, :pss)

      # @param server [Server]
      def initialize(server)
        @server = server
        # A worker that died last is still being replaced.
        Clock.wait(TIMEOUT) { all_workers? }
        @before = take_snapshot
      end

      # @param sizes [Array<Integer>] memory meanwhile, in KiB and in chronological order
      # @param table [Table] receives the results
      # @return [void]
      def check(sizes, table)
        after = nil
        Clock.wait(TIMEOUT, every: 0.1) { idle? && settled?(after = take_snapshot) }
        add_idle(table)
        after ||= take_snapshot
        table.add("workers' slots", "#{@before.slots} -> #{after.slots}", after.slots == @before.slots)
        add_count(table, "native threads", @before.threads, after.threads)
        add_count(table, "open files", @before.descriptors, after.descriptors)
        growth = MemoryGrowth.new([@before.pss, *sizes, after.pss])
        table.add("memory (PSS)", growth, growth.flat?)
      end

      private

      def take_snapshot
        Snapshot.new(descriptors: ProcessFacts.descriptors(@server.pid), threads: ProcessFacts.threads(@server.pid),
                     slots: @server.stats[:per_worker].size, pss: ProcessFacts.pss(@server.pid))
      end

      def settled?(snapshot)
        snapshot.slots == @before.slots && snapshot.threads <= @before.threads &&
          snapshot.descriptors <= @before.descriptors
      end

      def all_workers?
        stats = @server.stats
        stats[:per_worker].size == stats[:workers] * stats[:threads]
      end

      def idle? = @server.pending.values.all?(&:zero?)

      def add_idle(table)
        table.add("afterwards", @server.pending.map { |name, count| "#{name} #{count}" }.join(", "), idle?)
      end

      def add_count(table, name, before, after) = table.add(name, "#{before} -> #{after}", after <= before + SLACK)
    end
  end
end
