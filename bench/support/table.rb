# frozen_string_literal: true

module Bench
  # Results: a name, a figure and, if the figure has a requirement, whether it is met.
  class Table
    Row = Data.define(:name, :figure, :passed)

    def initialize
      @rows = []
    end

    # @param name [String]
    # @param figure [Object]
    # @param passed [Boolean, nil] nil if there is no requirement
    # @return [void]
    def add(name, figure, passed = nil)
      @rows << Row.new(name:, figure: figure.to_s, passed:)
    end

    # @return [Boolean]
    def passed? = @rows.none? { |row| row.passed == false }

    # @return [String]
    def to_s
      width = @rows.map { |row| row.name.size }.max
      @rows.map { |row| "  #{row.name.ljust(width)}  #{row.figure}#{verdict(row)}" }.join("\n")
    end

    # @return [Hash{String=>Hash}] figure and verdict by name
    def to_h
      @rows.to_h { |row| [row.name, { figure: row.figure, passed: row.passed }.compact] }
    end

    # @param kib [Integer]
    # @return [String]
    def self.mib(kib) = format("%.1f MiB", kib / 1024.0)

    private

    def verdict(row)
      case row.passed
      when true then "  ok"
      when false then "  FAILED"
      else ""
      end
    end
  end
end
