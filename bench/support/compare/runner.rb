# frozen_string_literal: true

require_relative "cpu_use"
require_relative "load"
require_relative "server_process"
require_relative "sample"

module Bench
  # Takes the measurements. Each round goes through the rows, and each row through the servers, so that figures that are
  # compared are seconds apart and other load on the machine affects both sides alike.
  class Runner
    # @param options [Options]
    # @param columns [Array<Column>] those that can run here
    # @param log [IO] for progress
    def initialize(options, columns, log: $stderr)
      @options = options
      @columns = columns
      @log = log
      @port = ServerProcess.free_port
      @faults = {}
    end

    # @return [Array<String>] which columns failed in which rows, and why
    def faults = @faults.map { |(row, column), text| "#{column} in #{row}: #{text}" }

    # @return [Array<Sample>]
    def run
      (1..@options.rounds).flat_map do |round|
        @options.rows.flat_map { |row| running(row).filter_map { |column| attempt(round, row, column) } }
      end
    end

    private

    def running(row) = @columns.select { |column| column.runs?(row) && !@faults.key?([row.name, column.name]) }

    # A side that fails does not stop the others.
    def attempt(round, row, column)
      sample = ServerProcess.new(column.launcher, port: @port, topology: @options.topology(row)).run do |server|
        check(server, row) if round == 1
        measure(round, row, column, server)
      end
      @log.puts format("%<round>d/%<rounds>d %<row>-10s %<column>-14s %<rate>9.0f/s %<errors>s",
                       round:, rounds: @options.rounds, row: row.name, column: column.name, rate: sample.rate,
                       errors: sample.errors.zero? ? "" : "#{sample.errors} errors")
      sample
    rescue ServerProcess::Failed, Load::Failed, IOError, SystemCallError => e
      @faults[[row.name, column.name]] = e.message
      @log.puts "#{round}/#{@options.rounds} #{row.name} #{column.name} FAILED: #{e.message}"
      nil
    end

    # A fast wrong answer must not count.
    def check(server, row)
      response = server.ask(row)
      return if response.status == 200 && row.right?(response.body)

      raise ServerProcess::Failed, "answers #{response.status} #{response.body[0, 60].inspect}"
    end

    def measure(round, row, column, server)
      wrk = nil
      use = beside(server, row) do
        row.measure == :memory ? run_battery(server) : load(server, row, @options.warmup)
        CpuUse.of(server.tree) { wrk = load(server, row, @options.seconds) }
      end
      Sample.new(row: row.name, column: column.name, round:, cpu: use.tree, others: use.others, wrk:,
                 pss: server.tree.pss)
    end

    def run_battery(server) = Rows::BATTERY.each { |row| load(server, row, @options.warmup) }

    def beside(server, row, &)
      row.beside ? load_of(server, row.with(path: row.beside)).around(&) : yield
    end

    def load(server, row, seconds) = load_of(server, row).run(seconds)

    def load_of(server, row)
      Load.new(server.url, row, connections: @options.connections, threads: @options.wrk_threads)
    end
  end
end
