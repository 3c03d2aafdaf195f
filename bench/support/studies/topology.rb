# frozen_string_literal: true

require_relative "../compare/run"

# How workers and their threads may be laid out.
module Bench
  sizes = [[1, 1], [2, 1], [1, 3], [2, 3], [4, 1], [4, 3]]
  columns = lambda do |mode|
    Columns.kinos(sizes.to_h do |workers, threads|
      ["#{workers}x#{threads}", ["--mode", mode, "--workers", workers.to_s, "--threads", threads.to_s]]
    end)
  end
  Run.start(ARGV, mode: "ractor", columns:, rows: Rows.named(%w[plaintext cpu alloc io latency]))
end
