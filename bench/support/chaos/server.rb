# frozen_string_literal: true

require "tmpdir"
require_relative "../kino_process"
require_relative "stats_socket"

module Bench
  module Chaos
    # A Kino server with the app of bench/chaos, which reports its stats over a {StatsSocket}.
    class Server
      RACKUP = "bench/apps/chaos.ru"

      # @yieldparam dir [String] for the sockets and files of {StatsSocket}; removed after the block
      def self.in_folder(&) = Dir.mktmpdir("kino-chaos", &)

      # @param dir [String] see {.in_folder}
      # @param mode [String]
      # @param flags [Hash{Symbol=>Object}] further options of `kino`
      def initialize(dir, mode, **flags)
        @dir = dir
        options = flags.flat_map { |name, value| ["--#{name.to_s.tr("_", "-")}", value.to_s] }
        @process = KinoProcess.new(RACKUP, "--mode", mode, *options, env: { "KINO_CHAOS_DIR" => dir })
      end

      # @return [KinoProcess]
      attr_reader :process

      # @yieldparam server [self]
      def run = process.run { yield self }

      def pid = process.pid

      def uri = process.uri

      # @return [Hash{Symbol=>Object}]
      def stats = StatsSocket.ask(@dir, pid)

      # @return [Hash{Symbol=>Integer}] connections and requests in progress
      def pending = stats.slice(:connections, :queued, :in_flight)
    end
  end
end
