# frozen_string_literal: true

require_relative "../../spec/support/http_client"
require_relative "../apps/soak"
require_relative "clock"

module Bench
  # A client besides the load: it sends a different request every tenth of a second, checks the response and records the
  # slowest.
  class Probe
    INTERVAL = 0.1
    # Seconds for a response.
    DEADLINE = 5

    UPLOAD = ("probe " * 1000).freeze
    REQUESTS = [
      ["GET", "/plain", nil, "plain\n"],
      ["GET", "/alloc", nil, SoakApp.digest],
      ["GET", "/sleep", nil, "slept\n"],
      ["POST", "/upload", UPLOAD, "#{UPLOAD.bytesize} #{Digest::SHA256.hexdigest(UPLOAD)}"],
      ["GET", "/stream", nil, SoakApp::BLOCK * SoakApp::BLOCKS]
    ].freeze

    # @return [Integer] requests sent
    attr_reader :count
    # @return [Float] seconds
    attr_reader :slowest
    # @return [Array<String>] what was wrong
    attr_reader :faults

    # @param uri [URI] of the server
    def initialize(uri)
      @uri = uri
      @count = 0
      @slowest = 0.0
      @faults = []
      @stop = Thread::Queue.new
    end

    # @return [self]
    def start
      @thread = Thread.new { ask until @stop.pop(timeout: INTERVAL) || @faults.size > 20 }
      self
    end

    # @return [self]
    def stop
      @stop << :stop
      @faults << "the probe hangs" unless @thread.join(DEADLINE * 2)
      self
    end

    # @return [Boolean] whether every response came in time
    def moving? = !count.zero? && slowest < DEADLINE

    private

    # One connection for all, until a request fails on it.
    def ask
      method, path, body, expected = REQUESTS[@count % REQUESTS.size]
      id = "probe-#{@count += 1}"
      started = Clock.now
      @client ||= HttpClient.open(@uri.port, host: @uri.host, timeout: DEADLINE)
      check(path, id, @client.request(method, path, { "x-request-id" => id }, body), expected)
    rescue IOError, SystemCallError => e
      @faults << "#{path}: #{e.class} #{e.message}"
      @client&.close
      @client = nil
    ensure
      @slowest = [@slowest, Clock.now - started].max
    end

    def check(path, id, response, expected)
      @faults << "#{path}: status #{response.status}" unless response.status == 200
      @faults << "#{path}: wrong body" unless response.body == expected.b
      @faults << "#{path}: answer to #{response["x-request-id"].inspect}" unless response["x-request-id"] == id
    end
  end
end
