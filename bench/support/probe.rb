# frozen_string_literal: true

require "net/http"
require_relative "../apps/soak"
require_relative "clock"

module Bench
  # One client besides the load that asks each tenth of a second for something else, checks the answer and keeps the
  # time of the slowest.
  class Probe
    EVERY = 0.1
    # Seconds for an answer.
    DEADLINE = 5

    UPLOAD = ("probe " * 1000).freeze
    QUESTIONS = [
      [Net::HTTP::Get, "/plain", nil, "plain\n"],
      [Net::HTTP::Get, "/alloc", nil, SoakApp.digest],
      [Net::HTTP::Get, "/sleep", nil, "slept\n"],
      [Net::HTTP::Post, "/upload", UPLOAD, "#{UPLOAD.bytesize} #{Digest::SHA256.hexdigest(UPLOAD)}"],
      [Net::HTTP::Get, "/stream", nil, SoakApp::BLOCK * SoakApp::BLOCKS]
    ].freeze

    # @return [Integer] questions asked
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
      @thread = Thread.new { connected { |http| ask(http) until @stop.pop(timeout: EVERY) || @faults.size > 20 } }
      self
    end

    # @return [self]
    def stop
      @stop << :stop
      @faults << "the probe does not come back" unless @thread.join(DEADLINE * 2)
      self
    end

    # @return [Boolean] whether the server never kept it waiting too long
    def moving? = !count.zero? && slowest < DEADLINE

    private

    def connected(&)
      http = Net::HTTP.new(@uri.host, @uri.port, nil)
      http.max_retries = 0
      http.open_timeout = http.read_timeout = http.write_timeout = DEADLINE
      http.start(&)
    rescue IOError, SystemCallError => e
      @faults << describe(e)
    end

    def ask(http)
      kind, path, body, expected = QUESTIONS[@count % QUESTIONS.size]
      request = kind.new(path, "x-request-id" => "probe-#{@count += 1}")
      request.body = body
      started = Clock.now
      response = http.request(request)
      @slowest = [@slowest, Clock.now - started].max
      check(path, request["x-request-id"], response, expected)
    rescue IOError, SystemCallError, Timeout::Error => e
      @slowest = [@slowest, Clock.now - started].max
      @faults << "#{path}: #{describe(e)}"
    end

    def check(path, id, response, expected)
      @faults << "#{path}: status #{response.code}" unless response.code == "200"
      @faults << "#{path}: wrong body" unless response.body.b == expected.b
      @faults << "#{path}: answer to #{response["x-request-id"].inspect}" unless response["x-request-id"] == id
    end

    def describe(error) = "#{error.class} #{error.message}"
  end
end
