# frozen_string_literal: true

require_relative "ruby_side"

module Bench
  # An example of the engine's crate: no Ruby at all, and one answer whatever is asked.
  class RustLauncher
    # @param example [String]
    # @param arguments [Proc] from the number of workers to what follows the port
    def initialize(example:, arguments:)
      @example = example
      @arguments = arguments
    end

    def rows = %w[plaintext latency]

    # @return [String, nil]
    def obstacle
      @obstacle ||= build ? :none : "cargo build --release -p kino-engine --examples fails"
      @obstacle == :none ? nil : @obstacle
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
