# frozen_string_literal: true

require_relative "clock"
require_relative "process_facts"

module Bench
  # Samples a process at intervals, on a thread of its own.
  class Sampler
    Sample = Data.define(:at, :pss, :threads, :descriptors)

    # @param pid [Integer]
    # @param every [Numeric] seconds between samples
    def initialize(pid, every: 1.0)
      @pid = pid
      @every = every
      @samples = []
      @stop = Thread::Queue.new
    end

    # @return [self]
    def start
      @started = Clock.now
      @thread = Thread.new { sample until @stop.pop(timeout: @every) }
      self
    end

    # @return [Array<Sample>] `at` is in seconds since the start
    def stop
      @stop << :stop
      @thread.join(5)
      sample
      @samples
    end

    # @return [Integer, nil] in KiB
    def pss = ProcessFacts.pss(@pid)

    private

    def sample
      pss = ProcessFacts.pss(@pid) or return
      @samples << Sample.new(at: Clock.now - @started, pss:, threads: ProcessFacts.threads(@pid),
                             descriptors: ProcessFacts.descriptors(@pid))
    end
  end
end
