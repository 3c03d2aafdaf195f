# frozen_string_literal: true

require_relative "../compare/run"

# Each way in which a request gets to a worker, in Ruby and, where only that is to be seen, without it.
module Bench
  ways = { "queue" => %w[--dispatch queue], "lanes" => %w[--lanes on],
           "lanes-8" => %w[--lanes on --batch 8], "batch-8" => %w[--dispatch queue --batch 8],
           "driven" => %w[--dispatch driven] }
  kinos = ways.map do |name, flags|
    Column.new(name:, title: name, launcher: KinoLauncher.new(flags: ["--mode", "ractor", *flags]))
  end
  engines = { "queue" => %w[queue], "lanes" => %w[lanes], "lanes-8" => %w[lanes 8] }.map do |name, words|
    Column.new(name: "engine-#{name}", title: "engine, #{name}",
               launcher: RustLauncher.new(example: "workers", arguments: ->(workers) { [workers, 1, *words] }))
  end
  Run.start(ARGV, columns: kinos + engines, rows: Rows.named(%w[plaintext cpu io latency]))
end
