# frozen_string_literal: true

require_relative "../compare/run"

# The obvious alternative: keep the server, and let a Rack wrapper hand each request to a pool of Ractors. Kino and Puma
# run the same app without it.

abort "bench/studies/ractor_pool: needs Ruby 4.0, for Ractor::Port" unless defined?(Ractor::Port)

pool = Bench::Column.new(
  name: "puma-pool", title: "Puma, one process, Ractor pool",
  launcher: Bench::PumaLauncher.new(cluster: false, rackup: "#{Bench::ROOT}/bench/apps/ractor_pool.ru")
)
columns = [*Bench::Columns.named(%w[kino-ractor puma puma-single]), pool]
Bench::Run.start(ARGV, columns:, rows: Bench::Rows.named(%w[plaintext cpu alloc json]), rounds: 3)
