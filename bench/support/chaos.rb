# frozen_string_literal: true

require "json"
require_relative "chaos/crashes"
require_relative "chaos/killed_clients"
require_relative "chaos/options"
require_relative "chaos/overload"
require_relative "chaos/restarts"
require_relative "process_facts"

module Bench
  # What can happen to a server. bench/README.md lists the requirements.
  module Chaos
    SCENARIOS = [Crashes, RestartsTerm, RestartsUsr2, Overload, KilledClients]
                .to_h { |scenario| [scenario.title, scenario] }.freeze

    # @param options [Options]
    # @return [Boolean] whether all requirements are met
    def self.run(options)
      runs = options.modes.product(options.scenarios).map do |mode, name|
        SCENARIOS.fetch(name).new(mode, options).run.tap { |run| puts run, "" unless options.json }
      end
      passed = runs.all?(&:passed?)
      verdict = passed ? "PASSED" : "FAILED"
      puts options.json ? JSON.generate(passed:, runs: runs.map(&:to_h)) : verdict
      passed
    end
  end
end

abort "bench/chaos: needs /proc/PID/smaps_rollup, which only Linux has" unless Bench::ProcessFacts.available?

begin
  $stdout.sync = true
  exit Bench::Chaos.run(Bench::Chaos::Options.parse(ARGV, Bench::Chaos::SCENARIOS.keys))
rescue Bench::KinoProcess::Failed => e
  abort "bench/chaos: #{e.message}"
rescue Interrupt
  exit 130
end
