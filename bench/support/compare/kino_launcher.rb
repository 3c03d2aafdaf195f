# frozen_string_literal: true

require "rbconfig"
require_relative "ruby_environment"

module Bench
  # Kino of this checkout or another, with flags.
  class KinoLauncher
    # @param dir [String] the checkout
    # @param flags [Array<String>]
    def initialize(dir: ROOT, flags: [])
      @dir = dir
      @flags = flags
    end

    # @return [nil] it runs all rows
    def rows = nil

    # @return [String, nil]
    def skip_reason
      return "#{@dir} has no exe/kino" unless File.exist?("#{@dir}/exe/kino")

      unknown = @flags.grep(/\A--/).map { |flag| flag[/\A[^=]+/] } - known
      "this Kino does not know #{unknown.join(", ")}" if unknown.any?
    end

    def environment = RubyEnvironment.environment

    # @return [Array<String>]
    def command(port, topology)
      threads = topology.threads ? ["--threads", topology.threads.to_s] : []
      [RbConfig.ruby, "-I#{@dir}/lib", "#{@dir}/exe/kino", topology.rackup || RubyEnvironment::RACKUP,
       "--bind", "127.0.0.1", "--port", port.to_s, "--workers", topology.workers.to_s, *threads, *@flags]
    end

    private

    def known
      @known ||= IO.popen(environment, [RbConfig.ruby, "-I#{@dir}/lib", "#{@dir}/exe/kino", "--help"], &:read)
                   .scan(/--[a-z][a-z0-9-]*/).uniq
    end
  end
end
