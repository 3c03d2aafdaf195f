# frozen_string_literal: true

require "kino/hot_restart/handover"
require "kino/program"

module Kino
  class HotRestart
    # The new process, as the old one sees it.
    #
    # @api private
    class Successor
      # The result: `:ready`, `:ended`, `:late` or `:cancelled`, and a description.
      Outcome = Data.define(:kind, :words)
      # @return [Outcome]
      CANCELLED = Outcome.new(kind: :cancelled, words: "is not wanted any more")

      # @return [Integer]
      attr_reader :pid

      # A program of its own: neither threads nor Ractors survive a fork.
      #
      # @param sockets [Array<PassedSocket>] still owned by the caller
      # @param command [Array<String>]
      # @param env [Hash{String => String}] the whole environment
      # @param chdir [String]
      # @raise [SystemCallError, ThreadError] if it cannot be started
      def initialize(sockets, command:, env:, chdir:)
        reports, report = IO.pipe
        handover = Handover.new(sockets:, report:, predecessor: Process.pid)
        @pid = Process.spawn(env.merge(handover.variables), *command, chdir:, unsetenv_others: true,
                                                                      **handover.descriptors)
        report.close
        @events = Thread::Queue.new
        watch(reports)
      rescue SystemCallError, ThreadError
        [reports, report].each { |io| io&.close }
        raise
      end

      # @param seconds [Numeric]
      # @return [Outcome]
      def await(seconds)
        deadline = now + seconds
        event = @events.pop(timeout: [deadline - now, 0].max)
        # It may have closed the pipe and go on, or be about to exit.
        event = @events.pop(timeout: [deadline - now, 0].max) if event == :closed
        outcome(event, seconds)
      end

      # Stops it gracefully: it may have accepted connections already. So it gets only one signal: on a second one a
      # Kino exits at once. (A Ruby that has just started sometimes loses a signal, and is killed after the grace.)
      #
      # @param grace [Numeric] seconds until it is killed
      # @return [void]
      def dismiss(grace)
        signal(:TERM)
        signal(:KILL) unless @end.join(grace)
        @end.join
      end

      # Ends the wait for it; the waiting thread then dismisses it.
      # @return [void]
      def cancel = @events << :cancelled

      private

      def watch(reports)
        @end = Process.detach(pid)
        Thread.new { @events << (reports.gets == Handover::READY ? :ready : :closed).tap { reports.close } }
        Thread.new { @events << @end.value }
      rescue ThreadError
        # No thread is left. It would serve beside us, unnoticed.
        Process.kill(:KILL, pid)
        @end ? @end.join : Process.wait(pid)
        raise
      end

      def outcome(event, seconds)
        case event
        when nil then Outcome.new(kind: :late, words: "was not ready after #{seconds.to_s.delete_suffix(".0")} s")
        when :cancelled then CANCELLED
        when Process::Status then Outcome.new(kind: :ended, words: "ended with #{ending(event)}")
        # It has reported that it is ready, and is gone.
        else @end.alive? ? Outcome.new(kind: :ready, words: "serves") : outcome(@end.value, seconds)
        end
      end

      def ending(status) = status.signaled? ? "signal #{Signal.signame(status.termsig)}" : "status #{status.exitstatus}"

      # Only before it was waited for: afterwards the pid may be another process's.
      def signal(name)
        Process.kill(name, pid) if @end.alive?
      rescue Errno::ESRCH
        nil
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
