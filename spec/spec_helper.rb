# frozen_string_literal: true

require "support/captured_stderr"
require "support/eventually"

# Ends an example that hangs, and reports what every thread was doing. Not Timeout: RSpec would take its exception for
# the example's own, and the stacks would be gone by then.
module HangGuard
  LIMIT = 60

  # Not a StandardError, so that no rescue in the code under test catches it.
  class Hung < Exception; end # rubocop:disable Lint/InheritException

  # @param limit [Numeric] seconds
  def self.watch(limit: LIMIT)
    watched = Thread.current
    finished = Thread::Queue.new
    guard = Thread.new { finished.pop(timeout: limit) || watched.raise(Hung, report(limit)) }
    yield
  ensure
    finished << true
    guard.join
  end

  def self.report(limit)
    stacks = (Thread.list - [Thread.current]).map { |thread| [thread.inspect, *thread.backtrace].join("\n  ") }
    "still running after #{limit} s\n#{stacks.join("\n")}"
  end
  private_class_method :report
end

# The commands that specs start must behave the same whether or not the suite runs with YJIT.
ENV.delete("RUBY_YJIT_ENABLE")

RSpec.configure do |config|
  config.include(Eventually)
  config.disable_monkey_patching!
  config.order = :random
  Kernel.srand config.seed
  config.expect_with(:rspec) { |expectations| expectations.syntax = :expect }
  config.mock_with(:rspec) { |mocks| mocks.verify_partial_doubles = true }
  config.filter_run_when_matching :focus

  # An example may set its own limit: `it "...", limit: 120 do`.
  config.around { |example| HangGuard.watch(limit: example.metadata.fetch(:limit, HangGuard::LIMIT)) { example.run } }
end
