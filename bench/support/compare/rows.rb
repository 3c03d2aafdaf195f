# frozen_string_literal: true

require_relative "../../apps/battery"

module Bench
  # What is measured: a route of the app, its correct answer, and what the figure is.
  #
  # - about: what the app does, in a few words
  # - connections: how many wrk opens; nil for the run's number
  # - measure: `:rate` in requests a second, `:latency` of one connection, or `:memory` after all other rows
  # - beside: a path that as many more connections request meanwhile; their figures are discarded
  # - rackup: the app, if it is not the battery
  # - slots: whether all sides run the same number of requests at a time, rather than their own defaults
  Row = Data.define(:name, :path, :about, :body, :answer, :slots, :connections, :measure, :beside, :rackup) do
    def initialize(name:, **facts)
      super(path: "/#{name}", body: nil, slots: false, connections: nil, measure: :rate, beside: nil, rackup: nil,
            **facts, name:)
    end

    # @param answer [String]
    # @return [Boolean]
    def right?(answer) = self.answer === answer # rubocop:disable Style/CaseEquality -- a String or a Regexp

    # @param path [String]
    # @return [Row] the same while other connections request that path
    def next_to(path) = with(name: "#{name} beside #{path.delete_prefix("/")}", beside: path)

    # @return [Boolean] whether more is better
    def rate? = measure == :rate
  end

  # THE list of rows.
  module Rows
    UPLOAD = 65_536

    ALL = [
      Row.new(name: "plaintext", about: "11 bytes", answer: BatteryApp::HELLO),
      Row.new(name: "10k", about: "10 KB", answer: BatteryApp::TEN_K),
      Row.new(name: "cpu", about: "fib(20)", answer: "6765"),
      Row.new(name: "alloc", about: "2,000 strings", answer: BatteryApp::STRINGS.to_s),
      Row.new(name: "json", about: "parse and render 4 KB", answer: BatteryApp::DOCUMENT),
      Row.new(name: "io", about: "sleep 5 ms", answer: "slept", slots: true),
      Row.new(name: "io_native", about: "sleep 5 ms, natively", answer: "slept", slots: true),
      Row.new(name: "upload", about: "read 64 KB", body: UPLOAD, answer: UPLOAD.to_s),
      Row.new(name: "stack", about: "8 middlewares", answer: BatteryApp::HELLO),
      Row.new(name: "latency", path: "/plaintext", about: "one connection, p50", answer: BatteryApp::HELLO,
              connections: 1, measure: :latency),
      Row.new(name: "memory", path: "/plaintext", about: "PSS after all rows", answer: BatteryApp::HELLO,
              measure: :memory)
    ].freeze

    # What the memory row runs before it measures.
    BATTERY = ALL.select(&:rate?).freeze

    NAMES = ALL.map(&:name).freeze

    # @param names [Array<String>]
    # @return [Array<Row>]
    def self.named(names) = ALL.select { |row| names.include?(row.name) }
  end
end
