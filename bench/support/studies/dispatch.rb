# frozen_string_literal: true

require_relative "../compare/run"

# The ways of dispatch with different numbers of connections: with few of them, waking somebody up is most of the work.
module Bench
  ways = %w[queue driven]
  columns = lambda do |mode|
    Columns.kinos(ways.to_h { |way| [way, ["--mode", mode, "--dispatch", way]] })
  end
  plain = Rows.named(%w[plaintext]).first
  Run.start(ARGV, mode: "threaded", columns:, rows: [1, 8, 64].map { |connections| plain.at(connections) })
end
