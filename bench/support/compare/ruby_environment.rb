# frozen_string_literal: true

module Bench
  ROOT = File.expand_path("../../..", __dir__)

  # How many workers each side has, how many requests a worker runs at a time (nil for the side's default), and the app
  # if it is not the side's usual one.
  Topology = Data.define(:workers, :threads, :rackup) do
    def initialize(workers:, threads:, rackup: nil) = super
  end

  # The environment that all Ruby servers of a run share.
  module RubyEnvironment
    RACKUP = "#{ROOT}/bench/apps/battery.ru".freeze

    module_function

    # No Bundler: it would only add to their memory.
    def environment
      kept_out = ENV.keys.grep(/\ABUNDLE/).to_h { |name| [name, nil] }
      kept_out.merge("RUBYOPT" => "--yjit", "RUBYLIB" => nil, "GEM_PATH" => gem_path, "RACK_ENV" => "production",
                     "WEB_CONCURRENCY" => nil, "PUMA_MIN_THREADS" => nil, "PUMA_MAX_THREADS" => nil,
                     "MIN_THREADS" => nil, "MAX_THREADS" => nil)
    end

    # bin/setup sets GEM_PATH to the gems of the checkout, so gems of other servers need a variable of their own.
    def gem_path = [*Gem.path, *ENV.fetch("KINO_BENCH_GEMS", nil)].join(":")
  end
end
