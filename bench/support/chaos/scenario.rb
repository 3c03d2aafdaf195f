# frozen_string_literal: true

require_relative "../table"
require_relative "host"

module Bench
  module Chaos
    # One thing that happens to a server, in one mode.
    class Scenario
      # @return [String] as it is asked for
      def self.title = name[/\w+\z/].gsub(/(?<=[a-z0-9])(?=[A-Z])/, "_").downcase

      # @param mode [String]
      # @param options [Options]
      def initialize(mode, options)
        @mode = mode
        @options = options
        @table = Table.new
      end

      # @return [self]
      def run
        Host.in_folder do |dir|
          @dir = dir
          play
        end
        self
      end

      # @return [Boolean] whether all was well
      def passed? = table.passed?

      # @return [String]
      def to_s = ["#{self.class.title}, #{mode}", "", table].join("\n")

      # @return [Hash]
      def to_h = { scenario: self.class.title, mode:, checks: table.to_h }

      private

      attr_reader :mode, :options, :table, :dir

      # @param flags [Hash{Symbol=>Object}] of `kino`
      # @return [Host]
      def host(**) = Host.new(dir, mode, **)

      # @param counts [Hash{Object=>Integer}]
      # @return [String]
      def list(counts) = counts.empty? ? "none" : counts.map { |key, count| "#{count} #{key}" }.join(", ")

      # Of a server that has nothing to complain of.
      # @param process [KinoProcess]
      # @param but [Regexp] lines that it may log
      def add_log(process, but: /(?!)/)
        lines = process.complaints.grep_v(but)
        table.add("log", lines.empty? ? "nothing amiss" : "#{lines.size} lines: #{lines.first}", lines.empty?)
      end

      # @param process [KinoProcess]
      def add_stop(process)
        seconds = process.stop
        table.add("end on TERM", "#{process.ending || "does not end"}#{format(" after %.2f s", seconds) if seconds}",
                  process.ending == "exit 0")
      end
    end
  end
end
