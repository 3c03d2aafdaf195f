# frozen_string_literal: true

require_relative "chaos"
require_relative "../support/chaos/stats_host"

# In the process of the server, for the bench to ask how it is without taking a worker.
Bench::Chaos::StatsHost.start(ENV.fetch("KINO_CHAOS_DIR")) if ENV["KINO_CHAOS_DIR"]

run ChaosApp
