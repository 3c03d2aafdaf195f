# frozen_string_literal: true

require "etc"
require "json"
require "optparse"
require_relative "../compare/columns"
require_relative "../compare/markdown_table"
require_relative "../compare/load"
require_relative "../compare/server_process"
require_relative "../compare/rows"
require_relative "../table"

module Bench
  # The memory of each server over many requests of all kinds.
  class MemoryStudy
    # Run in turn, a second each.
    ROWS = Rows.named(%w[plaintext 10k json stack alloc upload]).freeze
    CONNECTIONS = 64

    # @param columns [Array<Column>]
    # @param requests [Integer] in all
    # @param steps [Integer] how often to look
    # @param topology [Topology]
    def initialize(columns, requests:, steps:, topology:)
      @columns = columns
      @marks = (0..steps).map { |step| requests * step / steps }
      @topology = topology
    end

    # @return [Hash{String=>Array<Integer>}] KiB at each of the marks, by column
    def run
      @found = @columns.to_h do |column|
        server = ServerProcess.new(column.launcher, port: ServerProcess.free_port, topology: @topology)
        [column.name, server.run { follow(server) }]
      end
    end

    # @return [Hash]
    def facts = { requests: @marks, pss_kib: @found }

    # @return [String]
    def to_s
      lines = @marks.each_with_index.map { |mark, at| [mark, *@found.values.map { |sizes| Table.mib(sizes[at]) }] }
      MarkdownTable.new(["requests", *@found.keys], lines, words: 0).to_s
    end

    private

    def follow(server)
      requests = 0
      rows = ROWS.cycle
      @marks.map do |mark|
        requests += drive(server, rows.next) while requests < mark
        server.tree.pss
      end
    end

    def drive(server, row)
      wrk = Load.new(server.url, row, connections: CONNECTIONS, threads: 1).run(1)
      faults = wrk.slice(*Load::FAULTS).select { |_, count| count.positive? }
      raise Load::Failed, "#{row.name}: #{faults}" if faults.any? || wrk["requests"].zero?

      wrk["requests"]
    end
  end
end

names = %w[kino-ractor kino-threaded puma puma-single]
# 100 a second for an hour.
options = { requests: 360_000, steps: 12, workers: Etc.nprocessors }
json = false
parser = OptionParser.new do |on|
  on.banner = "Usage: bench/studies/memory [options]\n\n" \
              "Prints the memory (PSS) of each server while it answers requests of all kinds.\n\n"
  on.on("--requests N", Integer, "requests to each (default: #{options[:requests]})") { |n| options[:requests] = n }
  on.on("--steps N", Integer, "how often to look (default: #{options[:steps]})") { |n| options[:steps] = n }
  on.on("--workers N", Integer, "workers of each (default: the cores)") { |n| options[:workers] = n }
  on.on("--servers LIST", Array, "servers (default: #{names.join(",")})") { |list| names = list }
  on.on("--json", "print JSON instead of the table") { json = true }
end

begin
  rest = parser.parse(ARGV)
  raise OptionParser::InvalidArgument, rest.first if rest.any?
  raise OptionParser::InvalidArgument, "numbers are 1 or more" unless options.values.all?(&:positive?)

  skipped, columns = Bench::Columns.named(names).partition(&:skip_reason)
  skipped.each { |column| warn "#{column.name}: skipped, #{column.skip_reason}" }
  topology = Bench::Topology.new(workers: options.delete(:workers), threads: nil)
  study = Bench::MemoryStudy.new(columns, **options, topology:)
  study.run
  puts json ? JSON.generate(study.facts) : study
rescue OptionParser::ParseError => e
  abort "bench/studies/memory: #{e.message}; see bench/studies/memory --help"
rescue Bench::ServerProcess::Failed, Bench::Load::Failed => e
  abort "bench/studies/memory: #{e.message}"
rescue Interrupt
  exit 130
end
