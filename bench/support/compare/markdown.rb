# frozen_string_literal: true

require_relative "markdown_table"

module Bench
  # The tables of a run, for the terminal and the docs.
  class Markdown
    # @param comparison [Comparison]
    # @param rows [Array<Row>]
    # @param columns [Array<Column>] the others are compared with the first
    def initialize(comparison, rows, columns)
      @comparison = comparison
      @rows = rows
      @columns = columns
    end

    # @return [String]
    def to_s = [rates, latency, memory].compact.join("\n\n")

    private

    def base = @columns.first

    def rates
      lines = @rows.select(&:rate?).flat_map { |row| lines(row) { |column| rate_line(row, column) } }
      heads = ["row", "server", "requests/s", "min to max", against, "p50 us", "p99 us", "p99: #{against}",
               "CPU us/request", "cores", "PSS MiB", "errors"]
      table(heads, lines)
    end

    def rate_line(row, column)
      rate = spread(:rate, row, column)
      ["/#{row.name}", column.title, number(rate.median), "#{number(rate.min)} to #{number(rate.max)}",
       ratio(:rate, row, column), *tail(row, column), decimal(spread(:cpu_us, row, column).median),
       format("%.2f", spread(:cores, row, column).median), decimal(spread(:pss, row, column).median / 1024.0),
       errors(row, column)]
    end

    def tail(row, column)
      [number(spread(:p50, row, column).median), number(spread(:p99, row, column).median), ratio(:p99, row, column)]
    end

    def latency
      lines = @rows.select { |row| row.measure == :latency }.flat_map do |row|
        lines(row) { |column| latency_line(row, column) }
      end
      table(["one connection", "server", "p50 us", "min to max", against, "p99 us", "errors"], lines)
    end

    def latency_line(row, column)
      p50 = spread(:p50, row, column)
      [row.path, column.title, number(p50.median), "#{number(p50.min)} to #{number(p50.max)}",
       ratio(:p50, row, column), number(spread(:p99, row, column).median), errors(row, column)]
    end

    def memory
      lines = @rows.select { |row| row.measure == :memory }.flat_map do |row|
        lines(row) { |column| memory_line(row, column) }
      end
      table(["memory", "server", "PSS MiB", "min to max", against, "errors"], lines)
    end

    def memory_line(row, column)
      pss = spread(:pss, row, column).to_h.transform_values { |kib| decimal(kib / 1024.0) }
      ["after all rows", column.title, pss[:median], "#{pss[:min]} to #{pss[:max]}", ratio(:pss, row, column),
       errors(row, column)]
    end

    def lines(row, &)
      @columns.select { |column| @comparison.any?(row.name, column.name) }.map(&)
    end

    def spread(measure, row, column) = @comparison.spread(measure, row.name, column.name)

    def errors(row, column) = @comparison.errors(row.name, column.name)

    def against = "#{base.title} / it"

    def ratio(measure, row, column)
      found = @comparison.ratio(measure, row.name, base.name, column.name)
      found ? format("%.2f", found.median) : "-"
    end

    def number(value) = value.round.to_s.gsub(/(?<=\d)(?=(\d{3})+\z)/, ",")

    def decimal(value) = format("%.1f", value)

    def table(heads, lines) = lines.empty? ? nil : MarkdownTable.new(heads, lines).to_s
  end
end
