# frozen_string_literal: true

require "json"
require "optparse"
require_relative "stop_check"
require_relative "transfer_requests"
require_relative "kino_process"
require_relative "process_facts"
require_relative "sampler"
require_relative "table"

module Bench
  # Sends large bodies through a server. bench/README.md lists the requirements.
  class Transfer
    # KiB by which the server may grow, in one step and in total.
    ROOM = 32 * 1024
    # Seconds between memory samples.
    INTERVAL = 0.02

    STEPS = {
      "upload, content-length" => :upload_with_length.to_proc,
      "upload, chunked" => :upload_chunked.to_proc,
      "upload, the app waits 1 s" => ->(via) { via.upload_with_length(pause: TransferRequests::PAUSE) },
      "download, each" => ->(via) { via.download("/stream") },
      "download, call" => ->(via) { via.download("/call") },
      "download, the client waits 1 s" => ->(via) { via.download("/stream", pause: TransferRequests::PAUSE) },
      "100 pipelined requests" => :pipelined.to_proc
    }.freeze

    # @param mode [String]
    # @param options [Hash] `:megabytes`, `:workers` and `:threads`
    def initialize(mode, options)
      @mode = mode
      @bytes = options.fetch(:megabytes) * 1024 * 1024
      @flags = options.slice(:workers, :threads).flat_map { |name, value| ["--#{name}", value.to_s] }
      @table = Table.new
    end

    # @return [Boolean] whether all requirements are met
    def passed? = @table.passed?

    # @return [self]
    def run
      @server = KinoProcess.new("bench/apps/soak.ru", "--mode", @mode, "--max-body-size", "none", *@flags)
      @server.run do
        warm_up
        @before = ProcessFacts.pss(@server.pid)
        STEPS.each { |name, step| take(name, step) }
        finish
      end
      self
    end

    # @return [String]
    def to_s = [*@server.banner.first(2).map { |line| "  #{line}" }, "", @table].join("\n")

    # @return [Hash]
    def to_h = { server: @server.banner.first(2), checks: @table.to_h }

    private

    def exchanges(bytes) = TransferRequests.new(@server.uri, bytes:)

    # The same with small bodies, so that all code is loaded.
    def warm_up
      small = exchanges(4 * TransferRequests::PIECE.bytesize)
      10.times { STEPS.each { |name, step| step.call(small) unless name.include?("waits") } }
    end

    def take(name, step)
      return @table.add(name, "not tried: #{@server.exit_reason}", false) unless @server.alive?

      before = ProcessFacts.pss(@server.pid)
      sampler = Sampler.new(@server.pid, every: INTERVAL).start
      started = Clock.now
      fault = attempt(step)
      seconds = Clock.now - started
      judge(name, fault, seconds, [before, *sampler.stop.map(&:pss)].compact)
    end

    def attempt(step)
      step.call(@large ||= exchanges(@bytes))
    rescue IOError, SystemCallError => e
      "#{e.class} #{e.message}"
    end

    def judge(name, fault, seconds, sizes)
      return @table.add(name, fault || @server.exit_reason, false) if fault || sizes.empty?

      memory = "PSS #{Table.mib(sizes.first)} -> #{Table.mib(sizes.last)}, max #{Table.mib(sizes.max)}"
      @table.add(name, format("%<seconds>5.2f s  %<memory>s", seconds:, memory:), sizes.max - sizes.first < ROOM)
      @max = [@max || 0, sizes.max].max
    end

    def finish
      after = ProcessFacts.pss(@server.pid)
      if after
        @table.add("memory (PSS)", "#{Table.mib(@before)} -> #{Table.mib(after)}, max #{Table.mib(@max || after)}, " \
                                   "may be #{Table.mib(@before + ROOM)}", (@max || after) - @before < ROOM)
      end
      StopCheck.new(@server, @table).run
    end
  end
end

options = { mode: "both", megabytes: 100, workers: 4, json: false }
parser = OptionParser.new do |on|
  on.banner = "Usage: bench/transfer [options]\n\n" \
              "Sends large bodies both ways, and 100 pipelined requests, and looks at the server's memory.\n\n"
  on.on("--mode MODE", %w[ractor threaded both], "ractor, threaded or both (default: both)")
  on.on("--megabytes N", Integer, "size of a large body in MiB (default: 100)")
  on.on("--workers N", Integer, "workers (default: 4)")
  on.on("--threads N", Integer, "threads a worker (default: kino's)")
  on.on("--json", "print JSON instead of the tables")
end

begin
  abort "bench/transfer: needs /proc/PID/smaps_rollup, which only Linux has" unless Bench::ProcessFacts.available?
  rest = parser.parse(ARGV, into: options)
  raise OptionParser::InvalidArgument, rest.first if rest.any?

  modes = options[:mode] == "both" ? %w[ractor threaded] : [options[:mode]]
  runs = modes.map do |mode|
    Bench::Transfer.new(mode, options).run.tap { |run| puts run, "" unless options[:json] }
  end
  passed = runs.all?(&:passed?)
  verdict = passed ? "PASSED" : "FAILED"
  puts options[:json] ? JSON.generate(passed:, runs: runs.map(&:to_h)) : verdict
  exit passed
rescue OptionParser::ParseError => e
  abort "bench/transfer: #{e.message}; see bench/transfer --help"
rescue Bench::KinoProcess::Failed => e
  abort "bench/transfer: #{e.message}"
rescue Interrupt
  exit 130
end
