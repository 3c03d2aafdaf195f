# frozen_string_literal: true

require_relative "table"

module Bench
  # Stops a server with TERM: it must exit with 0, in time, and must not have logged anything.
  class StopCheck
    # @param server [KinoProcess]
    # @param table [Table] receives the results
    def initialize(server, table)
      @server = server
      @table = table
    end

    # @return [void]
    def run
      early = @server.exit_reason
      early ? @table.add("end", "#{early}, before TERM", false) : stop
      read_log
    end

    private

    def stop
      seconds = @server.stop
      reason = @server.exit_reason || "does not end"
      after = format(" after %<seconds>.2f s", seconds:) if seconds
      @table.add("end on TERM", "#{reason}#{after}", reason == "exit 0")
    end

    def read_log
      lines = @server.stderr_lines
      text = lines.empty? ? "empty" : "#{lines.size} lines, in #{@server.log}: #{lines.first}"
      @table.add("log", text, lines.empty?)
    end
  end
end
