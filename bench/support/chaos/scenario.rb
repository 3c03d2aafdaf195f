# frozen_string_literal: true

require_relative "../table"
require_relative "server"

module Bench
  module Chaos
    # One thing that happens to a server, in one mode.
    class Scenario
      # @return [String] its name on the command line
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
        Server.in_folder do |dir|
          @dir = dir
          play
        end
        self
      end

      # @return [Boolean] whether all requirements are met
      def passed? = table.passed?

      # @return [String]
      def to_s = ["#{self.class.title}, #{mode}", "", table].join("\n")

      # @return [Hash]
      def to_h = { scenario: self.class.title, mode:, checks: table.to_h }

      private

      attr_reader :mode, :options, :table, :dir

      # @param flags [Hash{Symbol=>Object}] of `kino`
      # @return [Server]
      def new_server(**) = Server.new(dir, mode, **)

      # @param counts [Hash{Object=>Integer}]
      # @return [String]
      def list(counts) = counts.empty? ? "none" : counts.map { |key, count| "#{count} #{key}" }.join(", ")

      # For a server that must not have logged anything.
      # @param process [KinoProcess]
      # @param but [Regexp] lines that it may log
      def add_log(process, but: /(?!)/)
        lines = process.stderr_lines.grep_v(but)
        table.add("log", lines.empty? ? "empty" : "#{lines.size} lines: #{lines.first}", lines.empty?)
      end

      # @param process [KinoProcess]
      def add_stop(process)
        seconds = process.stop
        reason = process.exit_reason || "does not end"
        table.add("end on TERM", "#{reason}#{format(" after %.2f s", seconds) if seconds}", reason == "exit 0")
      end
    end
  end
end
