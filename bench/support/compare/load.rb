# frozen_string_literal: true

require "json"
require_relative "../clock"

module Bench
  # One run of wrk against one route.
  class Load
    SCRIPT = File.expand_path("load.lua", __dir__)
    # Seconds after which a response counts as an error, and that wrk may take beyond its duration.
    TIMEOUT = 5
    GRACE = 20
    # Seconds; longer than any block of #around.
    AROUND = 600

    FAULTS = %w[connect read write status timeout].freeze

    class Failed < StandardError; end

    # @return [Boolean]
    def self.available? = ENV.fetch("PATH", "").split(":").any? { |dir| File.executable?("#{dir}/wrk") }

    # @param url [String]
    # @param row [Row]
    # @param connections [Integer]
    # @param threads [Integer] of wrk's
    def initialize(url, row, connections:, threads:)
      @url = "#{url}#{row.path}"
      @connections = row.connections || connections
      @threads = [threads, @connections].min
      @arguments = row.body ? ["--", row.body.to_s] : []
    end

    # @param seconds [Integer]
    # @return [Hash{String=>Numeric}] see load.lua
    # @raise [Failed]
    def run(seconds)
      reader, writer = IO.pipe
      pid = Process.spawn(*command(seconds), in: :close, %i[out err] => writer, pgroup: true)
      writer.close
      finish(pid, seconds)
      parse(reader.read)
    ensure
      reader.close
    end

    # Runs the block under this load.
    # @yieldreturn [Object]
    # @return [Object] what the block returns
    # @raise [Failed] if the load ended before the block
    def around
      pid = Process.spawn(*command(AROUND), in: :close, %i[out err] => File::NULL, pgroup: true)
      result = yield
      has_ended = Process.wait(pid, Process::WNOHANG)
      raise Failed, "the background load ended early" if has_ended

      result
    ensure
      kill(pid) unless has_ended
    end

    # @return [Array<String>]
    def command(seconds)
      ["wrk", "--threads", @threads.to_s, "--connections", @connections.to_s, "--duration", "#{seconds}s",
       "--timeout", "#{TIMEOUT}s", "--script", SCRIPT, @url, *@arguments]
    end

    private

    def kill(pid)
      Process.kill(:KILL, pid)
      Process.wait(pid)
    end

    def finish(pid, seconds)
      return if Clock.wait(seconds + GRACE, every: 0.01) { Process.wait(pid, Process::WNOHANG) }

      Process.kill(:KILL, pid)
      Process.wait(pid)
      raise Failed, "wrk does not end"
    end

    def parse(output)
      line = output[/^RESULT (.*)$/, 1] or raise Failed, "wrk says: #{output.lines.last(3).join.strip}"
      JSON.parse(line)
    end
  end
end
