# frozen_string_literal: true

require_relative "client"
require_relative "counter"

module Bench
  module Chaos
    # Clients of several kinds that keep sending requests, whether or not a server listens.
    class Traffic
      # Of each kind.
      CLIENTS = 4
      # Seconds after which a refused client retries.
      RETRY = 0.005

      Kind = Data.define(:name, :keep_alive, :pause, :path) do
        def initialize(path: "/plain", **) = super

        # @return [Float] seconds until the next request
        def rest = pause.zero? ? 0 : rand * pause
      end

      KINDS = [
        # Without a pause it would starve the others.
        Kind.new(name: "new", keep_alive: false, pause: 0.004),
        Kind.new(name: "kept-alive", keep_alive: true, pause: 0),
        Kind.new(name: "kept-alive with pauses", keep_alive: true, pause: 0.04),
        # Its head is sent before a stop that comes during the body, so it does not announce the close.
        Kind.new(name: "kept-alive and streamed to", keep_alive: true, pause: 0.02, path: "/stream")
      ].freeze

      # @return [Counter] of pairs of kind and {Outcome#result}
      attr_reader :answers
      # @return [Counter] of unanswered requests, by whether they were the first of their connection
      attr_reader :unanswered

      # @param uri [URI]
      def initialize(uri)
        @uri = uri
        @answers = Counter.new
        @unanswered = Counter.new
        @clients = []
        @stopped = false
      end

      # @return [void]
      def start
        @threads = KINDS.cycle(CLIENTS).map do |kind|
          @clients << (client = Client.new(@uri, keep_alive: kind.keep_alive))
          Thread.new { ask(client, kind) until @stopped }
        end
      end

      # @return [void]
      def stop
        @stopped = true
        @threads.each(&:join)
        @clients.each(&:close)
      end

      # @return [Integer] connections made
      def connects = @clients.sum(&:connects)

      private

      def ask(client, kind)
        answer = client.get(kind.path)
        @answers.add([kind.name, answer.result])
        @unanswered.add(answer.fresh) if answer.kind == :unanswered
        sleep(answer.kind == :refused ? RETRY : kind.rest)
      end
    end
  end
end
