# frozen_string_literal: true

require "json"
require_relative "clock"

module Bench
  # wrk with mix.lua.
  class Wrk
    SCRIPT = File.expand_path("mix.lua", __dir__)
    # Seconds after which a response counts as an error.
    TIMEOUT = 5
    # Seconds that wrk may take beyond its duration.
    GRACE = 20

    class Failed < StandardError; end

    # What mix.lua reports at the end.
    Result = Data.define(:facts) do
      # @return [Integer]
      def requests = facts["requests"].to_i

      # @return [Integer] a second
      def rate = (requests / facts["seconds"]).round

      # @return [Integer] answers in the worst second
      def slowest_second = facts["slowest_second"].to_i

      # @return [String]
      def latency
        format("p50 %<p50_ms>.1f ms, p99 %<p99_ms>.1f ms, max %<max_ms>.1f ms", facts.transform_keys(&:to_sym))
      end

      # @return [Array<String>] such as "3 timeouts"
      def faults
        Wrk::FAULTS.reject { |name| facts[name].zero? }.map { |name| "#{facts[name].to_i} #{name.tr("_", " ")}" }
      end
    end

    # Counts that must be 0.
    FAULTS = %w[connect_errors read_errors write_errors timeouts bad_statuses wrong_answers unknown_answers
                forgotten].freeze

    # @return [Boolean]
    def self.available? = ENV.fetch("PATH", "").split(":").any? { |dir| File.executable?("#{dir}/wrk") }

    # @param url [String]
    # @param seconds [Integer]
    # @param connections [Integer]
    def initialize(url, seconds:, connections:)
      @command = ["wrk", "--threads", "1", "--connections", connections.to_s, "--duration", "#{seconds}s",
                  "--timeout", "#{TIMEOUT}s", "--script", SCRIPT, url]
      @time = seconds + GRACE
    end

    # @yield every fifth of a second; a falsy result ends wrk early
    # @return [Result, nil] nil if it was ended early
    # @raise [Failed]
    def run(&)
      reader, writer = IO.pipe
      pid = Process.spawn(*@command, in: :close, out: writer, err: writer, pgroup: true)
      writer.close
      wait(pid, &)
      result(reader.read)
    ensure
      end_process(pid) if pid
      reader&.close
    end

    private

    def wait(pid)
      ended = Clock.wait(@time, every: 0.2) { !running?(pid) || !yield }
      end_process(pid)
      raise Failed, "wrk does not end" unless ended
    end

    def running?(pid) = !@ended && (@ended = Process.wait2(pid, Process::WNOHANG)).nil?

    def end_process(pid)
      return unless running?(pid)

      Process.kill(:KILL, pid)
      Process.wait(pid)
      @ended = true
    end

    def result(output)
      return if @ended == true

      line = output[/^RESULT (.*)$/, 1] or raise Failed, "wrk says: #{output.lines.last(3).join.strip}"
      Result.new(facts: JSON.parse(line))
    end
  end
end
