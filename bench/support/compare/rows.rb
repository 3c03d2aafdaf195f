# frozen_string_literal: true

require_relative "../../apps/battery"

module Bench
  # What is measured. A row is a route of the app, a right answer, and what its figure is.
  #
  # - measure: `:rate` in requests a second, `:latency` of one connection, or `:memory` after all other rows
  # - slots: all sides get the same number of requests at a time; else each has its own default
  Row = Data.define(:name, :path, :body, :answer, :slots, :measure) do
    def initialize(name:, **facts)
      super(path: "/#{name}", body: nil, slots: false, measure: :rate, **facts, name:)
    end

    # @param answer [String]
    # @return [Boolean]
    def right?(answer) = answer == self.answer

    # @return [Boolean] whether more of it is better
    def rate? = measure == :rate
  end

  # THE list of rows.
  module Rows
    UPLOAD = 65_536

    ALL = [
      Row.new(name: "plaintext", answer: BatteryApp::HELLO),
      Row.new(name: "10k", answer: BatteryApp::TEN_K),
      Row.new(name: "cpu", answer: "6765"),
      Row.new(name: "alloc", answer: BatteryApp::STRINGS.to_s),
      Row.new(name: "json", answer: BatteryApp::DOCUMENT),
      Row.new(name: "io", answer: "slept", slots: true),
      Row.new(name: "io_native", answer: "slept", slots: true),
      Row.new(name: "upload", body: UPLOAD, answer: UPLOAD.to_s),
      Row.new(name: "stack", answer: BatteryApp::HELLO),
      Row.new(name: "latency", path: "/plaintext", answer: BatteryApp::HELLO, measure: :latency),
      Row.new(name: "memory", path: "/plaintext", answer: BatteryApp::HELLO, measure: :memory)
    ].freeze

    # What the memory row drives before it looks.
    BATTERY = ALL.select(&:rate?).freeze

    NAMES = ALL.map(&:name).freeze

    # @param names [Array<String>]
    # @return [Array<Row>]
    def self.named(names) = ALL.select { |row| names.include?(row.name) }
  end
end
