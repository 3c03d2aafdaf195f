# frozen_string_literal: true

require "shellwords"
require_relative "kino_launcher"
require_relative "puma_launcher"
require_relative "rust_launcher"

module Bench
  # One side of the comparison, and how its server is started.
  Column = Data.define(:name, :title, :launcher) do
    # @return [String, nil] why it cannot run here
    def skip_reason = launcher.skip_reason

    # @param row [Row]
    # @return [Boolean]
    def runs?(row) = launcher.rows.nil? || launcher.rows.include?(row.name)
  end

  # THE list of columns. To compare another setting of Kino's, add an entry; a checkout that does not know its flag
  # skips it.
  module Columns
    ALL = [
      Column.new(name: "kino-ractor", title: "Kino ractor", launcher: KinoLauncher.new(flags: %w[--mode ractor])),
      Column.new(name: "kino-lanes", title: "Kino ractor, lanes",
                 launcher: KinoLauncher.new(flags: %w[--mode ractor --lanes on])),
      Column.new(name: "kino-queue", title: "Kino ractor, queue",
                 launcher: KinoLauncher.new(flags: %w[--mode ractor --dispatch queue])),
      Column.new(name: "kino-threaded", title: "Kino threaded",
                 launcher: KinoLauncher.new(flags: %w[--mode threaded])),
      Column.new(name: "puma", title: "Puma cluster", launcher: PumaLauncher.new(cluster: true)),
      Column.new(name: "puma-single", title: "Puma, one process", launcher: PumaLauncher.new(cluster: false)),
      Column.new(name: "engine", title: "engine, Rust workers",
                 launcher: RustLauncher.new(example: "workers", arguments: ->(workers) { [workers, 1, "driven"] })),
      Column.new(name: "engine-queue", title: "engine, queue",
                 launcher: RustLauncher.new(example: "workers", arguments: ->(workers) { [workers, 1] })),
      Column.new(name: "hyper", title: "hyper alone",
                 launcher: RustLauncher.new(example: "hyper_alone", arguments: ->(workers) { [workers] }))
    ].freeze

    NAMES = ALL.map(&:name).freeze

    # @param names [Array<String>]
    # @return [Array<Column>]
    def self.named(names) = ALL.select { |column| names.include?(column.name) }

    # @param text [String] NAME=DIR, and flags of that Kino's after it
    # @return [Column]
    # @raise [ArgumentError]
    def self.also(text)
      name, words = text.split("=", 2)
      dir, *flags = words.to_s.shellsplit
      raise ArgumentError, "#{text}: wants NAME=DIR" if dir.nil? || name.empty?

      mode = flags.include?("--mode") ? [] : %w[--mode ractor]
      Column.new(name:, title: name, launcher: KinoLauncher.new(dir: File.expand_path(dir), flags: mode + flags))
    end
  end
end
