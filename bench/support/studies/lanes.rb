# frozen_string_literal: true

require_relative "../compare/run"

# Each way in which a request gets to a worker, in Ruby and, where only that is to be seen, without it.
module Bench
  ways = { "queue" => %w[--dispatch queue], "lanes" => %w[--lanes on],
           "lanes-8" => %w[--lanes on --batch 8], "batch-8" => %w[--dispatch queue --batch 8],
           "driven" => %w[--dispatch driven] }
  kinos = Columns.kinos(ways.transform_values { |flags| ["--mode", "ractor", *flags] })
  engines = Columns.engines("engine-queue" => %w[queue], "engine-lanes" => %w[lanes],
                            "engine-lanes-8" => %w[lanes 8])
  Run.start(ARGV, columns: kinos + engines, rows: Rows.named(%w[plaintext cpu io latency]))
end
