# frozen_string_literal: true

require "rbconfig"
require "kino/config/mode"
require "kino/demotion/culprit"
require "kino/demotion/watch"
require "kino/error_log"

module Kino
  # Mode auto's second thoughts: it took ractor mode, and requests raise what only a Ractor raises. Then the server goes
  # over to threads while it serves, see {Pool::Supervisor}; {Watch} is the half of this in the worker Ractors.
  #
  # == The rule
  #
  # - A server that has run for less than ten minutes, or has served fewer than 1,000 requests ({Watch::PROOF}), goes
  #   over at the first such failure: the app was never seen to run on Ractors.
  # - One that has proved itself stays, because one rare path is no reason to give up what all others gain. Each such
  #   failure is logged as any other error of the app's is, the first with a word on what it means. But where {MOST} of
  #   them come within {WITHIN} requests, 1 %, it is no rare path any more, and the server goes over.
  #
  # Rejected: to count by time. A site that is asked once an hour would answer 500 for days, and a busy one would give
  # up its Ractors for one request in a million. Rejected, too: to go back to Ractors. What failed will fail again.
  #
  # @api private
  class Demotion
    # What the report of a failure is called, where the server stays as it is.
    MET = "met"
    # The same, where it goes over.
    RELIEVED = "relieved"
    # So many failures are too many
    MOST = 10
    # in so many requests.
    WITHIN = 1000

    # Where frames are that are not the app's own. A program may run without RubyGems.
    ELSEWHERE = [File.expand_path("..", __dir__), RbConfig::CONFIG["rubylibdir"], *(Gem.path if defined?(Gem)),
                 "<internal:"].freeze
    private_constant :ELSEWHERE

    # @return [Watch] for the worker Ractors
    attr_reader :watch
    # @return [Integer, nil] threads a worker, where they have taken the place of Ractors
    attr_reader :threads

    # @param server_id [Integer] the server in {Native}
    # @param settings [Config::Settings] of the server
    # @param since [Float] when the server was started, by the monotonic clock
    # @yieldparam ractors [Pool::Ractors]
    # @yieldparam threads [Integer] a worker
    # @yieldreturn [Pool::Successors] to take their place
    def initialize(server_id:, settings:, since: Process.clock_gettime(Process::CLOCK_MONOTONIC), &successors)
      @server_id = server_id
      @settings = settings
      @successors = successors
      @is_begun = false
      @watch = Watch.new(server_id:, since:)
      @met = []
    end

    # Takes note of what a worker Ractor has reported.
    #
    # @param what [String] {MET} or {RELIEVED}
    # @param text [String] the request, if any, on the first line; behind that the error as the log has it
    # @return [void]
    def hear(what, text)
      return if @text
      return @text = text if what == RELIEVED

      served = Native.stats(@server_id)[:served]
      @met = [*@met, served].last(MOST)
      return Native.relieve(@server_id, text) if @met.size == MOST && served - @met.first < WITHIN

      stay(text) unless @has_stayed
      @has_stayed = true
    end

    # @return [Boolean] whether the server is to go over, and has not yet
    def due? = !@text.nil? && !@is_done

    # @param ractors [Pool::Ractors]
    # @param workers [Integer] how many there should be
    # @return [Array(Pool::Successors, Integer)] that take their place, and how many workers there should be then
    def begin(ractors, workers)
      settings, @threads = Config::Mode.grid(@settings.with(workers:), :threaded)
      [@successors.call(ractors, @threads), settings.workers].tap { @is_begun = true }
    end

    # @return [Boolean] whether threads have taken the place of Ractors
    def begun? = @is_begun

    # Says so.
    # @param workers [Integer] how many there are to be
    # @return [void]
    def conclude(workers)
      @is_done = true
      now = "#{workers} worker#{"s" unless workers == 1} x #{@threads} thread#{"s" unless @threads == 1}"
      say(@text, "runs on threads from now on (mode: threaded, #{now})", "is quiet about it")
    end

    private

    def stay(text)
      reason = "it has served well until now (#{MOST} of these in #{WITHIN} requests end that)"
      say(text, "stays on Ractors, because #{reason}", "ends it")
    end

    def say(text, outcome, silencing)
      request, head, *lines = text.lines(chomp: true)
      from = "#{" (#{request})" unless request.empty?}#{" at #{place(lines)}" if place(lines)}"
      ErrorLog.line("the app raised what only a Ractor raises: #{head}#{from}. The server #{outcome}. " \
                    "kino --check --request \"#{shown(request)}\" tells more; -m threaded #{silencing}, " \
                    "and -m ractor insists on Ractors")
    end

    # @return [String, nil] file and line of the app's
    def place(lines)
      frames = lines.take_while { |line| line.start_with?("    ") }.map(&:strip)
      frame = frames.find { |line| ELSEWHERE.none? { |path| line.start_with?(path) } } || frames.first
      frame&.slice(/\A.*?:\d+(?=:)/) || frame
    end

    # Somebody will paste it into a shell, and it comes from a client.
    def shown(request) = request.match?(%r{\A[A-Z]+ /[\w./~%?&=+,:@-]*\z}) ? request : "GET /..."
  end
end
