# frozen_string_literal: true

require_relative "../compare/run"

# How many requests a worker should take from its lane at once, in Ruby and without it. Those that a worker takes and
# does not come to are what others could have run, so /cpu is there besides /plaintext.
module Bench
  sizes = [1, 4, 16]
  columns = lambda do |mode|
    kinos = sizes.to_h { |size| ["batch-#{size}", ["--mode", mode, "--lanes", "on", "--batch", size.to_s]] }
    Columns.kinos(kinos) + Columns.engines(sizes.to_h { |size| ["engine-#{size}", ["lanes", size]] })
  end
  Run.start(ARGV, mode: "ractor", columns:, rows: Rows.named(%w[plaintext cpu]))
end
