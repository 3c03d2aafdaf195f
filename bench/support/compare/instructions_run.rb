# frozen_string_literal: true

require "json"
require "optparse"
require_relative "markdown_table"
require_relative "instructions"

options = { requests: 20_000, connections: 16, workers: 2 }
json = false
parser = OptionParser.new do |on|
  on.banner = "Usage: bench/instructions [options]\n\n" \
              "Counts the instructions that a plain request takes in the engine and in hyper alone.\n\n"
  on.on("--requests N", Integer, "runs with N and 2 x N requests (default: 20000)") { |n| options[:requests] = n }
  on.on("--connections N", Integer, "kept-alive connections (default: 16)") { |n| options[:connections] = n }
  on.on("--workers N", Integer, "workers, and threads of hyper alone (default: 2)") { |n| options[:workers] = n }
  on.on("--json", "print JSON instead of the table") { json = true }
end

begin
  rest = parser.parse(ARGV)
  raise OptionParser::InvalidArgument, rest.first if rest.any?
  raise OptionParser::InvalidArgument, "numbers are 1 or more" unless options.values.all?(&:positive?)

  abort "bench/instructions: valgrind is missing (on Debian the package valgrind)" unless Bench::Instructions.available?
  counts = Bench::Instructions.new(**options).run
  abort "bench/instructions: the examples of the engine do not build" unless counts.size == 2
  ratio = counts.values.inject(:/)
  lines = counts.map { |name, count| [name, count.round, format("%.2f", count / counts.fetch("hyper"))] }
  table = Bench::MarkdownTable.new(["side", "instructions/request", "/ hyper"], lines, words: 1)
  puts json ? JSON.generate(counts:, ratio:) : table
rescue OptionParser::ParseError => e
  abort "bench/instructions: #{e.message}; see bench/instructions --help"
rescue Bench::ServerProcess::Failed, IOError, SystemCallError => e
  abort "bench/instructions: #{e.message}"
rescue Interrupt
  exit 130
end
