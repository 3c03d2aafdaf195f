# frozen_string_literal: true

module Bench
  # A limit for a figure of one side, as a multiple of another side's.
  #
  # - measure: `:rate`, `:p50`, `:cpu_us` or `:pss` of {Sample}, or `:instructions` of bench/instructions
  # - least, most: exactly one is given
  Bar = Data.define(:measure, :row, :of, :against, :least, :most) do
    def initialize(least: nil, most: nil, **facts)
      super
    end

    # @param ratio [Float]
    # @return [Boolean]
    def met?(ratio) = least ? ratio >= least : ratio <= most

    # @param ratio [Float]
    # @return [Float] how far the ratio misses the bar, in percent of the bar
    def gap(ratio) = (least ? least - ratio : ratio - most) / (least || most) * 100

    # @return [String]
    def demand = least ? format("at least %.2f", least) : format("at most %.2f", most)
  end

  # THE list of bars.
  module Bars
    ALL = [
      Bar.new(measure: :rate, row: "plaintext", of: "kino-ractor", against: "puma", least: 2.5),
      Bar.new(measure: :rate, row: "10k", of: "kino-ractor", against: "puma", least: 2.2),
      Bar.new(measure: :rate, row: "json", of: "kino-ractor", against: "puma", least: 1.5),
      Bar.new(measure: :rate, row: "stack", of: "kino-ractor", against: "puma", least: 1.5),
      Bar.new(measure: :rate, row: "cpu", of: "kino-ractor", against: "puma", least: 1.3),
      Bar.new(measure: :rate, row: "cpu", of: "kino-ractor", against: "kino-threaded", least: 1.8),
      Bar.new(measure: :rate, row: "alloc", of: "kino-ractor", against: "puma", least: 1.2),
      Bar.new(measure: :rate, row: "io", of: "kino-ractor", against: "puma", least: 0.98),
      Bar.new(measure: :rate, row: "upload", of: "kino-ractor", against: "puma", least: 1.5),
      Bar.new(measure: :pss, row: "memory", of: "kino-ractor", against: "puma", most: 0.2),
      Bar.new(measure: :pss, row: "memory", of: "kino-threaded", against: "puma", most: 0.2),
      Bar.new(measure: :rate, row: "plaintext", of: "kino-ractor", against: "engine", least: 0.75),
      Bar.new(measure: :rate, row: "plaintext", of: "engine", against: "hyper", least: 0.90),
      Bar.new(measure: :rate, row: "plaintext", of: "kino-threaded", against: "puma-single", least: 2.0),
      Bar.new(measure: :cpu_us, row: "plaintext", of: "kino-ractor", against: "puma", most: 0.2),
      Bar.new(measure: :cpu_us, row: "plaintext", of: "kino-ractor", against: "hyper", most: 1.2),
      Bar.new(measure: :p50, row: "latency", of: "kino-ractor", against: "puma", most: 0.7),
      Bar.new(measure: :instructions, row: "plaintext", of: "engine", against: "hyper", most: 1.25)
    ].freeze
  end
end
