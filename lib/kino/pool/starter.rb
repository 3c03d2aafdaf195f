# frozen_string_literal: true

require "kino/error_log"
require "kino/pool/ending"
require "kino/pool/unit"

module Kino
  module Pool
    # Has a {Launcher} start what a {Supervisor} wants, and enters it in the {Roster}. What cannot be started is noted
    # as one that died at boot.
    class Starter
      # What a worker may fail to start with.
      FAILURES = [*ErrorLog::RESCUED, NoMemoryError].freeze
      private_constant :FAILURES

      # @return [Launcher]
      attr_writer :launcher

      # @param server_id [Integer] the server in {Native}
      # @param launcher [Launcher]
      # @param roster [Roster]
      def initialize(server_id:, launcher:, roster:)
        @server_id = server_id
        @launcher = launcher
        @roster = roster
        @last_number = 0
      end

      # Starts a worker.
      # @param index [Integer]
      # @return [void]
      def worker(index)
        @launcher.parts(index).each { |name, threads| start(Unit.new(index:, name:, threads:)) }
      end

      # Starts a thread in the place of one that is set aside.
      # @param index [Integer] of its worker
      # @return [void]
      def stand_in(index)
        return if @roster.gone?(index)

        start(Unit.new(index:, name: @launcher.name(index), threads: 1, has_served: true))
      end

      # Starts one in the place of one that died.
      # @param unit [Unit]
      # @return [void]
      def again(unit)
        return if @roster.gone?(unit.index)

        begin
          count_again
        ensure
          start(unit)
        end
      end

      # Counts one that died and is replaced.
      # @return [String] that in words
      def count_again
        Native.count_respawn(@server_id)
        "died and is replaced"
      end

      private

      def start(unit)
        number = @last_number += 1
        @roster.enter(number, unit)
        @launcher.start(number, unit)
      rescue *FAILURES => error
        @launcher.note(number, Ending.of(:boot, error))
      end
    end
  end
end
