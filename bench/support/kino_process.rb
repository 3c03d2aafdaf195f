# frozen_string_literal: true

require "fileutils"
require "rbconfig"
require "uri"
require_relative "clock"

module Bench
  # A Kino server for a rackup file, on a free port and in a process of its own.
  class KinoProcess
    ROOT = File.expand_path("../..", __dir__)
    # Seconds from the start of the process to its `listening:` line.
    BOOT = 30
    # The server's shutdown_timeout in seconds, and how much longer it may take.
    SHUTDOWN_TIMEOUT = 10
    GRACE = 3

    class Failed < StandardError; end

    attr_reader :pid, :url

    # @param rackup [String] path below the checkout
    # @param flags [Array<String>] further options of `kino`
    # @param env [Hash{String=>String}] further environment variables
    def initialize(rackup, *flags, env: {})
      @env = env
      @command = [RbConfig.ruby, "-rbundler/setup", "#{ROOT}/exe/kino", "#{ROOT}/#{rackup}", "--port", "0",
                  "--shutdown-timeout", SHUTDOWN_TIMEOUT.to_s, *flags]
    end

    # Runs the block with the server, and ends it afterwards, whatever happens.
    # @yieldparam server [KinoProcess]
    def run
      start
      yield self
    ensure
      kill
    end

    # @return [Array<String>] what it printed when it started
    def banner = File.readlines(@out, chomp: true)

    # @return [URI]
    def uri = URI(url)

    # @return [Boolean]
    def alive? = !ended?

    # @return [String, nil] how it ended, such as "exit 0" or "SIGSEGV"; nil while it runs
    def exit_reason
      return unless ended?

      @status.signaled? ? "SIG#{Signal.signame(@status.termsig)}" : "exit #{@status.exitstatus}"
    end

    # Stops it with TERM.
    # @return [Float, nil] the seconds that it took; nil if it does not end
    def stop
      started = Clock.now
      Process.kill(:TERM, @pid) if alive?
      Clock.wait(SHUTDOWN_TIMEOUT + GRACE) { ended? } && (Clock.now - started)
    end

    # @return [Array<String>] what it wrote to stderr
    def stderr_lines = File.readlines(@err, chomp: true)

    # @return [String] path of what it wrote to stderr
    def log = @err.delete_prefix("#{ROOT}/")

    private

    def start
      base = "#{ROOT}/tmp/bench/#{Process.pid}-#{object_id}"
      FileUtils.mkdir_p(File.dirname(base))
      @out = "#{base}.out"
      @err = "#{base}.err"
      # A group of its own, so that Ctrl-C reaches it only through us.
      @pid = Process.spawn(@env, *@command, in: :close, out: @out, err: @err, pgroup: true, chdir: ROOT)
      @url = Clock.wait(BOOT) { listening || (ended? && break) } or raise Failed, "Kino does not start: #{summary}"
    end

    def listening = File.read(@out)[/^listening: (\S+)$/, 1]

    def summary = [exit_reason || "no answer after #{BOOT} s", *stderr_lines.first(20)].join("\n  ")

    def ended?
      @status ||= Process.wait2(@pid, Process::WNOHANG)&.last
      !@status.nil?
    end

    def kill
      return if @pid.nil? || ended?

      Process.kill(:KILL, @pid)
      Clock.wait(5) { ended? }
    end
  end
end
