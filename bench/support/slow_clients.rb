# frozen_string_literal: true

require "json"
require "optparse"
require_relative "../../spec/support/http_client"
require_relative "stop_check"
require_relative "kino_process"
require_relative "table"
require_relative "slow_connections"

module Bench
  # What slow clients cost a fast one. bench/README.md lists the requirements.
  class SlowClients
    # Seconds between requests of the fast client: its latency counts, not the server's throughput.
    INTERVAL = 0.002
    WARM_UP = 3
    # File descriptors besides those of the connections; the server reserves an eighth of its own for the app.
    SPARE = 1000
    # The fast client's p99 may grow by this factor.
    LIMIT = 2.0

    # @param mode [String]
    # @param options [Hash] `:clients`, `:quiet`, `:seconds`, `:workers` and `:threads`
    def initialize(mode, options)
      @options = options
      flags = options.slice(:workers, :threads).flat_map { |name, value| ["--#{name}", value.to_s] }
      @server = KinoProcess.new("examples/hello/config.ru", "--mode", mode, *flags)
      @table = Table.new
    end

    # @return [Boolean] whether all requirements are met
    def passed? = @table.passed?

    # @return [self]
    def run
      raise_file_limit
      @server.run do
        measure(WARM_UP)
        quiet = record("quiet", measure(@options[:quiet]))
        slow = nil
        closed = SlowConnections.new(@server.uri, @options[:clients]).run { slow = measure(@options[:seconds]) }
        judge(quiet, record("with #{@options[:clients]} slow clients", slow))
        @table.add("closed as too slow", closed)
        record("quiet again", measure(@options[:quiet]))
        StopCheck.new(@server, @table).run
      end
      self
    end

    # @return [String]
    def to_s = [*@server.banner.first(2).map { |line| "  #{line}" }, "", @table].join("\n")

    # @return [Hash]
    def to_h = { server: @server.banner.first(2), checks: @table.to_h }

    private

    # The server inherits it.
    def raise_file_limit
      wanted = (@options[:clients] * 2) + SPARE
      soft, hard = Process.getrlimit(:NOFILE)
      abort "bench/slow_clients: needs ulimit -Hn #{wanted}, has #{hard}" if hard < wanted
      Process.setrlimit(:NOFILE, wanted, hard) if soft < wanted
    end

    # @return [Array<Float>] seconds that each answer took, sorted
    def measure(seconds)
      times = []
      HttpClient.open(@server.uri.port, host: @server.uri.host) do |client|
        deadline = Clock.now + seconds
        while (started = Clock.now) < deadline
          response = client.get("/")
          raise IOError, "status #{response.status}" unless response.status == 200

          times << (Clock.now - started)
          sleep [started + INTERVAL - Clock.now, 0].max
        end
      end
      times.sort
    end

    # @return [Float] the p99
    def record(name, times)
      p50, p99 = [0.50, 0.99].map { |part| times[(times.size * part).floor] }
      @table.add(name, format("p50 %<p50>7.1f us  p99 %<p99>7.1f us  max %<max>7.1f us  %<count>d requests",
                              p50: p50 * 1e6, p99: p99 * 1e6, max: times.last * 1e6, count: times.size))
      p99
    end

    def judge(quiet, slow)
      ratio = slow / quiet
      @table.add("p99, slow / quiet", format("%<ratio>.2f, may be %<most>.1f", ratio:, most: LIMIT), ratio <= LIMIT)
    end
  end
end

options = { mode: "both", clients: 2000, quiet: 10, seconds: 30, workers: 2, json: false }
parser = OptionParser.new do |on|
  on.banner = "Usage: bench/slow_clients [options]\n\n" \
              "Measures a fast client, alone and beside many that send one byte of a head per second.\n\n"
  on.on("--mode MODE", %w[ractor threaded both], "ractor, threaded or both (default: both)")
  on.on("--clients N", Integer, "slow clients (default: 2000)")
  on.on("--quiet N", Integer, "seconds without them (default: 10)")
  on.on("--seconds N", Integer, "seconds with them (default: 30)")
  on.on("--workers N", Integer, "workers (default: 2)")
  on.on("--threads N", Integer, "threads a worker (default: kino's)")
  on.on("--json", "print JSON instead of the tables")
end

begin
  rest = parser.parse(ARGV, into: options)
  raise OptionParser::InvalidArgument, rest.first if rest.any?
  raise OptionParser::InvalidArgument, "numbers are 1 or more" unless options.values.grep(Integer).all?(&:positive?)

  modes = options[:mode] == "both" ? %w[ractor threaded] : [options[:mode]]
  runs = modes.map do |mode|
    Bench::SlowClients.new(mode, options).run.tap { |run| puts run, "" unless options[:json] }
  end
  passed = runs.all?(&:passed?)
  verdict = passed ? "PASSED" : "FAILED"
  puts options[:json] ? JSON.generate(passed:, runs: runs.map(&:to_h)) : verdict
  exit passed
rescue OptionParser::ParseError => e
  abort "bench/slow_clients: #{e.message}; see bench/slow_clients --help"
rescue Bench::KinoProcess::Failed, IOError, SystemCallError => e
  abort "bench/slow_clients: #{e.message}"
rescue Interrupt
  exit 130
end
