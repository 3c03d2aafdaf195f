# frozen_string_literal: true

require_relative "../compare/run"

# How many threads the network front-end should have where they drive the connections, which is `dispatch` queue: one,
# two, and as many as cores.
module Bench
  counts = [1, 2, Etc.nprocessors].uniq
  ways = %w[ractor threaded].product(counts).to_h do |mode, count|
    ["#{mode}-#{count}", ["--mode", mode, "--dispatch", "queue", "--tokio-threads", count.to_s]]
  end
  plain, large = Rows.named(%w[plaintext 10k])
  Run.start(ARGV, columns: Columns.kinos(ways), rows: [*[1, 8, 64].map { |count| plain.at(count) }, large])
end
