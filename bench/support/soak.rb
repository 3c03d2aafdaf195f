# frozen_string_literal: true

require "json"
require_relative "ending"
require_relative "growth"
require_relative "kino_process"
require_relative "probe"
require_relative "process_facts"
require_relative "roll_call"
require_relative "sampler"
require_relative "soak_options"
require_relative "table"
require_relative "wrk"

module Bench
  # One server, loaded for a while. See bench/README.md for what is demanded of it.
  class Soak
    # The memory of the first part of the time does not count: a heap fills up until the first few collections.
    WARM_UP = 0.25
    SHORTEST_WARM_UP = 5
    # Descriptors that the VM may have opened for itself meanwhile.
    OWN_DESCRIPTORS = 4

    # @param options [SoakOptions]
    def initialize(options)
      @options = options
      @table = Table.new
    end

    # @return [Boolean] whether all was well
    def run
      server = KinoProcess.new("bench/apps/soak.ru", "--mode", @options.mode, "--workers", @options.workers.to_s,
                               "--threads", @options.threads.to_s)
      server.run { observe(server) }
      puts @options.json ? JSON.generate(facts(server)) : report(server)
      @table.passed?
    end

    private

    def observe(server)
      roll_call(server)
      before = ProcessFacts.descriptors(server.pid)
      samples, probe = load(server)
      add_load
      add_probe(probe)
      add_memory(samples)
      add_threads(server, samples)
      add_descriptors(server, before)
      Ending.new(server, @table).demand
    end

    def load(server)
      sampler = Sampler.new(server.pid).start
      probe = Probe.new(server.uri).start
      wrk = Wrk.new(server.url, seconds: @options.seconds, connections: @options.connections)
      @result = wrk.run { server.alive? }
      [sampler.stop, probe.stop]
    end

    def roll_call(server) = RollCall.new(server.uri, expected:).count

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

      @growth = Growth.new(kept)
      @table.add("memory at first", Table.mib(samples.first.pss))
      @table.add("memory (PSS)", @growth, @growth.flat?)
    end

    def warm_up = [@options.seconds * WARM_UP, SHORTEST_WARM_UP].max

    def add_threads(server, samples)
      @table.add("native threads", "#{samples.first&.threads} -> #{samples.last&.threads}")
      answering = server.alive? ? roll_call(server) : 0
      @table.add("workers' threads that answer", "#{answering} of #{expected}", answering == expected)
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
abort "bench/soak: this system has no /proc/PID/smaps_rollup; Linux has" unless Bench::ProcessFacts.available?

begin
  exit Bench::Soak.new(Bench::SoakOptions.parse(ARGV)).run
rescue Bench::KinoProcess::Failed, Bench::Wrk::Failed => e
  abort "bench/soak: #{e.message}"
rescue Interrupt
  exit 130
end
