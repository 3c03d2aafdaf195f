# frozen_string_literal: true

require "tmpdir"
require_relative "../kino_process"
require_relative "stats_host"

module Bench
  module Chaos
    # A Kino with the app of bench/chaos, and with somebody in it who says how it is.
    class Host
      RACKUP = "bench/apps/chaos.ru"

      # @yieldparam dir [String] where servers leave what they have to say; gone after the block
      def self.in_folder(&) = Dir.mktmpdir("kino-chaos", &)

      # @param dir [String] see {.in_folder}
      # @param mode [String]
      # @param flags [Hash{Symbol=>Object}] more of `kino`'s options
      def initialize(dir, mode, **flags)
        @dir = dir
        options = flags.flat_map { |name, value| ["--#{name.to_s.tr("_", "-")}", value.to_s] }
        @process = KinoProcess.new(RACKUP, "--mode", mode, *options, env: { "KINO_CHAOS_DIR" => dir })
      end

      # @return [KinoProcess]
      attr_reader :process

      # @yieldparam host [self]
      def run = process.run { yield self }

      def pid = process.pid

      def uri = process.uri

      # @return [Hash{Symbol=>Object}]
      def stats = StatsHost.ask(@dir, pid)

      # @return [Hash{Symbol=>Integer}] what is under way
      def pending = stats.slice(:connections, :queued, :in_flight)
    end
  end
end
