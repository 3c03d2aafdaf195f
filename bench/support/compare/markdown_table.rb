# frozen_string_literal: true

module Bench
  # A Markdown table, aligned for the terminal.
  class MarkdownTable
    # @param heads [Array<String>]
    # @param lines [Array<Array<#to_s>>]
    # @param words [Integer] how many leading columns are text; the others are right-aligned
    def initialize(heads, lines, words: 2)
      @cells = [heads, *lines].map { |line| line.map(&:to_s) }
      @words = words
    end

    # @return [String]
    def to_s
      heads, *lines = @cells.map { |cells| align(cells) }
      [heads, rule, *lines].map { |cells| "| #{cells.join(" | ")} |" }.join("\n")
    end

    private

    def widths = @widths ||= @cells.transpose.map { |cells| cells.map(&:size).max }

    def rule = widths.each_with_index.map { |width, index| words?(index) ? "-" * width : "#{"-" * (width - 1)}:" }

    def align(cells)
      cells.zip(widths).each_with_index.map do |(cell, width), index|
        words?(index) ? cell.ljust(width) : cell.rjust(width)
      end
    end

    def words?(index) = index < @words
  end
end
