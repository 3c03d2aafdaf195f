# frozen_string_literal: true

require_relative "table"

module Bench
  # How a server has to end: on TERM, in time, with status 0 and nothing to complain of.
  class Ending
    # @param server [KinoProcess]
    # @param table [Table] gets the verdicts
    def initialize(server, table)
      @server = server
      @table = table
    end

    # @return [void]
    def demand
      early = @server.ending
      early ? @table.add("end", "#{early}, before it was told to", false) : stop
      read_log
    end

    private

    def stop
      seconds = @server.stop
      ending = @server.ending || "does not end"
      after = format(" after %<seconds>.2f s", seconds:) if seconds
      @table.add("end on TERM", "#{ending}#{after}", ending == "exit 0")
    end

    def read_log
      lines = @server.complaints
      text = lines.empty? ? "empty" : "#{lines.size} lines, in #{@server.log}: #{lines.first}"
      @table.add("log", text, lines.empty?)
    end
  end
end
