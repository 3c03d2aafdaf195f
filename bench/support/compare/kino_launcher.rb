# frozen_string_literal: true

require "rbconfig"
require_relative "ruby_side"

module Bench
  # Kino of this checkout or another, with flags; also with another build of the extension.
  class KinoLauncher
    # @param dir [String] the checkout
    # @param flags [Array<String>]
    # @param rackup [String]
    # @param environment [Hash{String=>String}] besides what all sides have
    # @param extension [ExtensionBuild, nil] instead of the checkout's own
    def initialize(dir: ROOT, flags: [], rackup: RubySide::RACKUP, environment: {}, extension: nil)
      @dir = dir
      @flags = flags
      @rackup = rackup
      @additions = environment
      @extension = extension
    end

    # @return [nil] it plays all rows
    def rows = nil

    # @return [String, nil]
    def obstacle
      return "#{@dir} has no exe/kino" unless File.exist?("#{@dir}/exe/kino")

      unknown = @flags.grep(/\A--/).map { |flag| flag[/\A[^=]+/] } - known
      return "this Kino does not know #{unknown.join(", ")}" if unknown.any?

      @extension&.obstacle
    end

    def environment = RubySide.environment.merge(@additions)

    # @return [Array<String>]
    def command(port, topology)
      threads = topology.threads ? ["--threads", topology.threads.to_s] : []
      [RbConfig.ruby, *load_path, "#{@dir}/exe/kino", topology.rackup || @rackup, "--bind", "127.0.0.1",
       "--port", port.to_s, "--workers", topology.workers.to_s, *threads, *@flags]
    end

    private

    def load_path = [@extension&.load_path, "#{@dir}/lib"].compact.map { |folder| "-I#{folder}" }

    def known
      @known ||= IO.popen(environment, [RbConfig.ruby, "-I#{@dir}/lib", "#{@dir}/exe/kino", "--help"], &:read)
                   .scan(/--[a-z][a-z0-9-]*/).uniq
    end
  end
end
