# frozen_string_literal: true

require "rbconfig"
require "kino/config/mode"
require "kino/demotion/detector"
require "kino/error_log"

module Kino
  # Corrects mode auto while the server runs: auto took ractor mode, and then requests raise errors that only a Ractor
  # raises. Threads relieve the Ractors then: {Detector} reports the errors from the worker Ractors, this class decides,
  # {Pool::Supervisor} starts the threads.
  #
  # == The rule
  #
  # - A server that has run for less than ten minutes, or has served fewer than 1,000 requests ({Detector::PROOF}), is
  #   demoted by the first such error: its app was never seen to run on Ractors.
  # - A proven one stays on Ractors, because one rare path is no reason to give up what all other requests gain. Each
  #   such error is logged like any other of the app's, the first with an explanation. But {MOST} of them within
  #   {WITHIN} requests, 1 %, are no rare path any more, and demote the server.
  #
  # Rejected: counting by time. A site with one request an hour would answer 500 for days, and a busy one would give up
  # its Ractors for one request in a million. Also rejected: going back to Ractors. What failed will fail again.
  #
  # @api private
  class Demotion
    # What a report of such an error is called while the server stays on Ractors.
    REPORTED = "reported"
    # What the engine calls it once it has relieved the Ractors.
    RELIEVED = "relieved"
    # How many errors demote a proven server
    MOST = 10
    # within how many requests.
    WITHIN = 1000

    # Paths whose frames are not the app's own. A program may run without RubyGems.
    NOT_THE_APP = [File.expand_path("..", __dir__), RbConfig::CONFIG["rubylibdir"], *(Gem.path if defined?(Gem)),
                   "<internal:"].freeze
    private_constant :NOT_THE_APP

    # @return [Detector] for the worker Ractors
    attr_reader :detector
    # @return [Integer, nil] threads per worker, once threads have replaced the Ractors
    attr_reader :threads

    # @param server_id [Integer] the server in {Native}
    # @param settings [Config::Settings] of the server
    # @param since [Float] when the server was started, by the monotonic clock
    # @yieldparam ractors [Pool::RactorLauncher]
    # @yieldparam threads [Integer] per worker
    # @yieldreturn [Pool::ReliefLauncher]
    def initialize(server_id:, settings:, since: Process.clock_gettime(Process::CLOCK_MONOTONIC), &launcher)
      @server_id = server_id
      @settings = settings
      @launcher = launcher
      @is_begun = false
      @detector = Detector.new(server_id:, since:)
      @served_at = [] # requests that had been served when the last errors were reported
    end

    # Receives a report from a worker Ractor, or from the engine.
    #
    # @param what [String] {REPORTED} or {RELIEVED}
    # @param text [String] the request, if any, on the first line, then the error as the log has it
    # @return [void]
    def receive(what, text)
      return if @text
      return @text = text if what == RELIEVED

      served = Native.stats(@server_id)[:served]
      @served_at = [*@served_at, served].last(MOST)
      return Native.relieve(@server_id, text) if @served_at.size == MOST && served - @served_at.first < WITHIN

      log_stay(text) unless @has_stayed
      @has_stayed = true
    end

    # @return [Boolean] whether the Ractors are relieved and threads have yet to be started
    def due? = !@text.nil? && !@is_finished

    # @param ractors [Pool::RactorLauncher]
    # @param workers [Integer] how many there should be
    # @return [Array(Pool::ReliefLauncher, Integer)] what starts the threads, and how many workers there should be then
    def begin(ractors, workers)
      settings, @threads = Config::Mode.grid(@settings.with(workers:), :threaded)
      [@launcher.call(ractors, @threads), settings.workers].tap { @is_begun = true }
    end

    # @return [Boolean] whether threads have replaced the Ractors
    def begun? = @is_begun

    # Logs the demotion.
    # @param workers [Integer] how many there are now
    # @return [void]
    def finish(workers)
      @is_finished = true
      now = "#{workers} worker#{"s" unless workers == 1} x #{@threads} thread#{"s" unless @threads == 1}"
      log(@text, "runs on threads from now on (mode: threaded, #{now})", "is quiet about it")
    end

    private

    def log_stay(text)
      reason = "it has served well until now (#{MOST} of these in #{WITHIN} requests end that)"
      log(text, "stays on Ractors, because #{reason}", "ends it")
    end

    def log(text, outcome, silencing)
      request, head, *lines = text.lines(chomp: true)
      from = "#{" (#{request})" unless request.empty?}#{" at #{place(lines)}" if place(lines)}"
      ErrorLog.line("the app raised what only a Ractor raises: #{head}#{from}. The server #{outcome}. " \
                    "kino --check --request \"#{shown(request)}\" tells more; -m threaded #{silencing}, " \
                    "and -m ractor insists on Ractors")
    end

    # @return [String, nil] file and line in the app
    def place(lines)
      frames = lines.take_while { |line| line.start_with?("    ") }.map(&:strip)
      frame = frames.find { |line| NOT_THE_APP.none? { |path| line.start_with?(path) } } || frames.first
      frame&.slice(/\A.*?:\d+(?=:)/) || frame
    end

    # The request comes from a client, and the operator will paste it into a shell.
    def shown(request) = request.match?(%r{\A[A-Z]+ /[\w./~%?&=+,:@-]*\z}) ? request : "GET /..."
  end
end
