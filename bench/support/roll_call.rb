# frozen_string_literal: true

require_relative "../../spec/support/http_client"

module Bench
  # Finds out how many threads of the workers answer, by asking many at once until all have been heard.
  class RollCall
    ROUNDS = 20
    DEADLINE = 5

    # @param uri [URI] of the server
    # @param expected [Integer] threads of all workers
    def initialize(uri, expected:)
      @uri = uri
      @expected = expected
    end

    # @return [Integer] how many different ones answered
    def count
      heard = {}
      ROUNDS.times do
        break if heard.size >= @expected

        round.each { |name| heard[name] = true if name }
      end
      heard.size
    end

    private

    def round
      asking = Array.new([@expected * 2, 256].min) { Thread.new { ask } }
      asking.map(&:value)
    end

    # @return [String, nil] nil where there is no answer in time
    def ask
      response = HttpClient.open(@uri.port, host: @uri.host, timeout: DEADLINE) { |client| client.get("/who") }
      response.body if response.status == 200
    rescue IOError, SystemCallError
      nil
    end
  end
end
