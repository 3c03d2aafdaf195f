# frozen_string_literal: true

require_relative "../../spec/support/http_client"

module Bench
  # Counts the worker threads that respond, by sending concurrent requests until every thread has answered one.
  class RespondingThreads
    ROUNDS = 20
    DEADLINE = 5

    # @param uri [URI] of the server
    # @param expected [Integer] threads of all workers
    def initialize(uri, expected:)
      @uri = uri
      @expected = expected
    end

    # @return [Integer] how many different threads answered
    def count
      seen = {}
      ROUNDS.times do
        break if seen.size >= @expected

        round.each { |name| seen[name] = true if name }
      end
      seen.size
    end

    private

    def round
      asking = Array.new([@expected * 2, 256].min) { Thread.new { ask } }
      asking.map(&:value)
    end

    # @return [String, nil] nil if there is no response in time
    def ask
      response = HttpClient.open(@uri.port, host: @uri.host, timeout: DEADLINE) { |client| client.get("/who") }
      response.body if response.status == 200
    rescue IOError, SystemCallError
      nil
    end
  end
end
