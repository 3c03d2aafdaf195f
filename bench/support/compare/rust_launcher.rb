# frozen_string_literal: true

require_relative "ruby_environment"

module Bench
  # An example of the engine's crate: no Ruby, and the same answer to every request.
  class RustLauncher
    # @param example [String]
    # @param arguments [Proc] from the number of workers to what follows the port
    def initialize(example:, arguments:)
      @example = example
      @arguments = arguments
    end

    def rows = %w[plaintext latency]

    # @return [String, nil]
    def skip_reason
      @skip_reason ||= build ? :none : "cargo build --release -p kino-engine --examples fails"
      @skip_reason == :none ? nil : @skip_reason
    end

    def environment = {}

    # @return [Array<String>]
    def command(port, topology) = [path, port.to_s, *@arguments.call(topology.workers).map(&:to_s)]

    # @return [String]
    def path = "#{ENV.fetch("CARGO_TARGET_DIR", "#{ROOT}/target")}/release/examples/#{@example}"

    private

    def build
      system("cargo", "build", "--quiet", "--release", "--package", "kino-engine", "--example", @example,
             chdir: ROOT, out: :err)
    end
  end
end
