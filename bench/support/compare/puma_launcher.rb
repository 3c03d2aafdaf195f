# frozen_string_literal: true

require "rbconfig"
require_relative "../../../lib/kino/config/mode"
require_relative "ruby_environment"

module Bench
  # Puma, as RubyGems finds it.
  class PumaLauncher
    CONFIG = "#{ROOT}/bench/apps/puma.rb".freeze
    START = 'load Gem.activate_bin_path("puma", "puma", ">= 0")'

    # @param cluster [Boolean] one process per worker; otherwise one process with as many threads as Kino threaded
    # @param rackup [String]
    def initialize(cluster:, rackup: RubyEnvironment::RACKUP)
      @cluster = cluster
      @rackup = rackup
    end

    # @return [nil] it runs all rows
    def rows = nil

    # @return [String, nil]
    def skip_reason
      "no Puma: gem install puma, or name a folder of gems in KINO_BENCH_GEMS" unless version
    end

    # @return [String, nil]
    def version
      @version ||= IO.popen([environment, RbConfig.ruby, "-e", "gem 'puma'; puts Gem.loaded_specs['puma'].version",
                             { err: File::NULL }], &:read)[/\S+/]
    end

    def environment = RubyEnvironment.environment

    # @return [Array<String>]
    def command(port, topology)
      [RbConfig.ruby, "-e", START, "--", "--config", CONFIG, "--bind", "tcp://127.0.0.1:#{port}", *grid(topology),
       topology.rackup || @rackup]
    end

    private

    def grid(topology)
      return ["--workers", topology.workers.to_s, *threads(topology.threads)] if @cluster

      each = topology.threads || Kino::Config::Mode::AUTO_THREADS.fetch(:threaded)
      ["--workers", "0", *threads(topology.workers * each)]
    end

    # Without a number Puma uses its default.
    def threads(number) = number ? ["--threads", "0:#{number}"] : []
  end
end
