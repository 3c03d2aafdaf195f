# frozen_string_literal: true

require "kino/error_log"
require "kino/pool/exit_reason"
require "kino/pool/worker_table"

module Kino
  module Pool
    # Starts workers for a {Supervisor}, and decides what follows when one exits. The supervisor holds its lock during
    # each call.
    class Lifecycle
      # What starting a worker may fail with.
      START_ERRORS = [*ErrorLog::RESCUED, NoMemoryError].freeze
      # Stages of workers that exit because they were told to.
      TOLD = %i[leaving quarantined].freeze
      private_constant :START_ERRORS, :TOLD

      # @return [Launcher]
      attr_writer :launcher

      # @param launcher [Launcher]
      # @param table [WorkerTable]
      # @param drain [Drain]
      def initialize(launcher:, table:, drain:)
        @server_id = launcher.server_id
        @launcher = launcher
        @table = table
        @drain = drain
        @last_number = 0
      end

      # @param index [Integer]
      # @return [void]
      def start_worker(index) = @launcher.specs(index).each { |spec| start(spec) }

      # Starts one thread in place of a quarantined one.
      # @param index [Integer] of its worker
      # @return [void]
      def replace_quarantined(index)
        return if @table.removed?(index)

        start(WorkerSpec.new(index:, name: @launcher.name(index), threads: 1, has_served: true))
      end

      # Starts the replacement of a worker that died.
      # @param spec [WorkerSpec]
      # @return [void]
      def respawn(spec)
        return if @table.removed?(spec.index)

        begin
          count_respawn
        ensure
          start(spec)
        end
      end

      # Records the exit of a worker, or of one of its threads, and decides what follows.
      #
      # @param number [Integer] see {Launcher#next_exit}
      # @param reason [ExitReason]
      # @param is_whole [Boolean] whether all of it exited
      # @param is_stopping [Boolean] whether nothing is to be started any more
      # @yieldparam why [String] the server must stop, because no worker serves or can come up
      # @return [Array(WorkerSpec, String, WorkerSpec)] what exited; what to log, if anything; what to respawn at once,
      #   if anything
      def exited(number, reason, is_whole:, is_stopping:, &stop)
        is_relieved = @table.relieved?(number)
        # A thread that dies while it serves is replaced by its Ractor.
        spec = @table.exited(number, is_whole:, is_replaced: reason.stage == :serving) or return
        if is_stopping || is_relieved || @table.removed?(spec.index) || TOLD.include?(reason.stage)
          return [spec, left(spec, reason)]
        end

        if !is_whole && reason.stage == :serving
          count_respawn
          return [spec, "died and is replaced"]
        end

        died(spec, spec.after(reason), reason, &stop)
      end

      private

      # A worker that cannot be started counts as one that died at boot.
      def start(spec)
        number = @last_number += 1
        @table.started(number, spec)
        @launcher.start(number, spec)
      rescue *START_ERRORS => error
        @launcher.report(number, ExitReason.of(:boot, error))
      end

      def count_respawn = Native.count_respawn(@server_id)

      def died(spec, replacement, reason, &)
        return [spec, "died and is replaced", replacement] if replacement.failures.zero?

        # First, so that the replacement is not lost if the rest raises.
        delay = Backoff.delay(replacement.failures)
        @table.schedule(replacement, now + delay)
        verdict = judge(replacement, reason, &) if replacement.exhausted?
        [spec, verdict || "died at boot and is replaced in #{delay.round(2)} s"]
      end

      # @return [String, nil] what to log if it is not retried
      def judge(spec, reason)
        rows = Native.stats(@server_id)[:per_worker]
        what = "died at boot #{spec.failures} times in a row"
        unless @table.can_recover?(rows)
          yield "#{spec.name} #{what}: #{reason.full_message.lines(chomp: true).first}"
          return "#{what}, so the server stops"
        end
        return if spec.has_served || !@table.serving?(rows)

        @table.give_up(spec)
        "#{what} and is given up (workers now: #{@table.indexes.size})"
      end

      # @return [String, nil] what to log
      def left(spec, reason)
        @drain.forget(spec.index) unless @table.running?(spec.index)
        return "died" if reason.error

        "was quarantined and has left" if reason.stage == :quarantined
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
