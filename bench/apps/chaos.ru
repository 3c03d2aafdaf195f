# frozen_string_literal: true

require_relative "chaos"
require_relative "../support/chaos/stats_socket"

# Lets the bench read the stats without using a worker.
Bench::Chaos::StatsSocket.start(ENV.fetch("KINO_CHAOS_DIR")) if ENV["KINO_CHAOS_DIR"]

run ChaosApp
