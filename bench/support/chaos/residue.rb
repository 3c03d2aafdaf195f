# frozen_string_literal: true

require_relative "../clock"
require_relative "../growth"
require_relative "../process_facts"

module Bench
  module Chaos
    # What a server holds while nothing is asked of it, before and after something has happened to it.
    class Residue
      # Seconds that it may take to let go of what it needs no more.
      PATIENCE = 10
      # Descriptors, and native threads, that the VM may have made for itself meanwhile.
      OWN = 4

      Holdings = Data.define(:descriptors, :threads, :slots, :pss)

      # @param host [Host]
      def initialize(host)
        @host = host
        @before = look
      end

      # @param sizes [Array<Integer>] KiB of memory meanwhile, in the order of time
      # @param table [Table] gets the verdicts
      # @return [void]
      def judge(sizes, table)
        after = nil
        Clock.wait(PATIENCE, every: 0.1) { idle? && settled?(after = look) }
        add_idle(table)
        after ||= look
        table.add("workers' slots", "#{@before.slots} -> #{after.slots}", after.slots == @before.slots)
        add_count(table, "native threads", @before.threads, after.threads)
        add_count(table, "open files", @before.descriptors, after.descriptors)
        growth = Growth.new([@before.pss, *sizes, after.pss])
        table.add("memory (PSS)", growth, growth.flat?)
      end

      private

      def look
        Holdings.new(descriptors: ProcessFacts.descriptors(@host.pid), threads: ProcessFacts.threads(@host.pid),
                     slots: @host.stats[:per_worker].size, pss: ProcessFacts.pss(@host.pid))
      end

      def settled?(holdings)
        holdings.slots == @before.slots && holdings.threads <= @before.threads &&
          holdings.descriptors <= @before.descriptors
      end

      def idle? = @host.pending.values.all?(&:zero?)

      def add_idle(table)
        table.add("afterwards", @host.pending.map { |name, count| "#{name} #{count}" }.join(", "), idle?)
      end

      def add_count(table, name, before, after) = table.add(name, "#{before} -> #{after}", after <= before + OWN)
    end
  end
end
