# frozen_string_literal: true

require "json"
require_relative "stop_check"
require_relative "memory_growth"
require_relative "kino_process"
require_relative "probe"
require_relative "process_facts"
require_relative "responding_threads"
require_relative "sampler"
require_relative "soak_options"
require_relative "table"
require_relative "wrk"

module Bench
  # Loads a server for a while. bench/README.md lists the requirements.
  class Soak
    # The part of the time that is left out of the memory check: a heap grows until the first few collections.
    WARM_UP = 0.25
    SHORTEST_WARM_UP = 5
    # Descriptors that the VM may open for itself meanwhile.
    OWN_DESCRIPTORS = 4

    # @param options [SoakOptions]
    def initialize(options)
      @options = options
      @table = Table.new
    end

    # @return [Boolean] whether all requirements are met
    def run
      server = KinoProcess.new("bench/apps/soak.ru", "--mode", @options.mode, "--workers", @options.workers.to_s,
                               "--threads", @options.threads.to_s)
      server.run { observe(server) }
      puts @options.json ? JSON.generate(facts(server)) : report(server)
      @table.passed?
    end

    private

    def observe(server)
      count_responding(server)
      before = ProcessFacts.descriptors(server.pid)
      samples, probe = load(server)
      add_load
      add_probe(probe)
      add_memory(samples)
      add_threads(server, samples)
      add_descriptors(server, before)
      StopCheck.new(server, @table).run
    end

    def load(server)
      sampler = Sampler.new(server.pid).start
      probe = Probe.new(server.uri).start
      wrk = Wrk.new(server.url, seconds: @options.seconds, connections: @options.connections)
      @result = wrk.run { server.alive? }
      [sampler.stop, probe.stop]
    end

    def count_responding(server) = RespondingThreads.new(server.uri, expected:).count

    def expected = @options.workers * @options.threads

    def add_load
      return @table.add("load", "ended early: the server is gone", false) unless @result

      @table.add("requests", @result.requests, @result.requests.positive?)
      @table.add("requests/s", @result.rate)
      @table.add("fewest in a second", @result.slowest_second, !@result.slowest_second.zero?)
      @table.add("latency", @result.latency)
      @table.add("errors", @result.faults.empty? ? 0 : @result.faults.join(", "), @result.faults.empty?)
    end

    def add_probe(probe)
      @table.add("probes", "#{probe.count}, slowest #{(probe.slowest * 1000).round} ms",
                 probe.moving?)
      @table.add("probe faults", probe.faults.empty? ? 0 : probe.faults.first(5).join("; "), probe.faults.empty?)
    end

    def add_memory(samples)
      kept = samples.select { |sample| sample.at.between?(warm_up, @options.seconds) }.map(&:pss)
      return @table.add("memory (PSS)", "not enough samples", false) if kept.empty?

      @growth = MemoryGrowth.new(kept)
      @table.add("memory at first", Table.mib(samples.first.pss))
      @table.add("memory (PSS)", @growth, @growth.flat?)
    end

    def warm_up = [@options.seconds * WARM_UP, SHORTEST_WARM_UP].max

    def add_threads(server, samples)
      @table.add("native threads", "#{samples.first&.threads} -> #{samples.last&.threads}")
      answering = server.alive? ? count_responding(server) : 0
      @table.add("worker threads that respond", "#{answering} of #{expected}", answering == expected)
    end

    def add_descriptors(server, before)
      after = nil
      closed = Clock.wait(5) { (after = ProcessFacts.descriptors(server.pid)).to_i <= before + OWN_DESCRIPTORS }
      @table.add("open files", "#{before} -> #{after || "gone"}", !closed.nil? && !after.nil?)
    end

    def report(server)
      [*server.banner.first(2).map { |line| "  #{line}" },
       "  #{@options.seconds} s, #{@options.connections} connections", "", @table, "",
       @table.passed? ? "PASSED" : "FAILED"].join("\n")
    end

    def facts(server)
      { passed: @table.passed?, server: server.banner.first(2), options: @options.to_h, wrk: @result&.facts,
        pss_kib: @growth&.to_h,
        checks: @table.to_h }
    end
  end
end

abort "bench/soak: wrk is missing (on Debian the package wrk)" unless Bench::Wrk.available?
abort "bench/soak: needs /proc/PID/smaps_rollup, which only Linux has" unless Bench::ProcessFacts.available?

begin
  exit Bench::Soak.new(Bench::SoakOptions.parse(ARGV)).run
rescue Bench::KinoProcess::Failed, Bench::Wrk::Failed => e
  abort "bench/soak: #{e.message}"
rescue Interrupt
  exit 130
end
