# frozen_string_literal: true

require "kino/error_log"
require "kino/errors"
require "kino/hot_restart/successor"

module Kino
  # Starts another process of the same program with the listening sockets of this one. Once it serves, this process
  # finishes the requests that have begun and exits. The sockets are never closed, so no connection is refused; if the
  # new process does not come up, this one stays.
  #
  # The transitions, each made under the lock:
  #
  #     :idle ------> :underway --(it is ready)--> :handed_over
  #      |  ^            | |
  #      |  '-(it is not)' |
  #      '-----> :cancelled <
  #
  # The last two are final and exclude each other: either the new process serves, and all who must know are told; or
  # this process was told to stop before, and no process follows. They are told under the lock, too, so that between the
  # decision and the message nothing can announce that the service stops.
  #
  # @api private
  class HotRestart
    # Why no restart begins in a state.
    REFUSALS = { underway: "one is under way already", handed_over: "another process serves already",
                 cancelled: "the server is stopping" }.freeze
    private_constant :REFUSALS

    # @param server [Server]
    # @param succeeded [#call] called with the pid of the new process when it serves, to hand over everything else
    # @param failed [#call] called when it failed and the new process is gone, to clean up after it
    # @param program [#command, #environment, #directory] the program to start
    def initialize(server, succeeded:, failed:, program: Program)
      @server = server
      @succeeded = succeeded
      @failed = failed
      @program = program
      @lock = Mutex.new # protects what follows
      @ended = ConditionVariable.new
      @state = :idle
      @busy = false # true during a call, whatever the state
      @successor = nil
    end

    # Tries a restart, and reports the result on stderr.
    #
    # @return [Boolean] whether the new process has taken over; then this one must stop serving
    def call
      refusal = begin_one
      return refuse(refusal) if refusal

      begin
        attempt
      ensure
        end_one
      end
    end

    # Called when this process is told to stop: a new process that is not ready yet is not wanted any more. One that has
    # taken over stays.
    #
    # @return [Boolean] whether no process follows
    def cancel
      @lock.synchronize do
        return false if @state == :handed_over

        @state = :cancelled
        @successor&.cancel
        true
      end
    end

    # Waits for the end of a restart: if the new process was cancelled and does not exit, no longer than
    # `shutdown_timeout`. If this one ended before that, the other would go on by itself.
    #
    # @param seconds [Numeric, nil] at most; nil for no limit
    # @return [Boolean] whether no restart is under way
    def wait(seconds = nil)
      deadline = seconds && (now + seconds)
      @lock.synchronize do
        @ended.wait(@lock, deadline && [deadline - now, 0].max) while @busy && (deadline.nil? || now < deadline)
        !@busy
      end
    end

    private

    # @return [String, nil] why not
    def begin_one
      @lock.synchronize do
        return REFUSALS.fetch(@state) unless @state == :idle

        @busy = true
        @state = :underway
        nil
      end
    end

    def end_one
      @lock.synchronize do
        @state = :idle if @state == :underway
        @successor = nil
        @busy = false
        @ended.broadcast
      end
    end

    def attempt
      reason = obstacle
      return refuse(reason) if reason

      successor = start or return false
      outcome = successor.await(@server.settings.restart_timeout)
      return finish if outcome.kind == :ready && hand_over(successor)

      outcome = Successor::CANCELLED if outcome.kind == :ready
      stay(successor, outcome)
    end

    def obstacle
      # All processes of a container end with its first one.
      return "this is process 1, and may not end" if Process.pid == 1
      return "this process is not ready itself" unless @server.ready?
      return "the command that started this program is not known" unless @program.command

      "the directory that it was started in was deleted" unless @program.directory
    end

    # @return [Successor, nil]
    def start
      @lock.synchronize do
        sockets = @state == :underway ? @server.passed_sockets : []
        return refuse(REFUSALS[:cancelled]) && nil if sockets.empty?

        begin
          @successor = Successor.new(sockets, command: @program.command, env: @program.environment,
                                              chdir: @program.directory)
        ensure
          sockets.each { |socket| socket.io.close }
        end
      end
    rescue SystemCallError, ThreadError, Error => error
      refuse(error.message) && nil
    end

    # @return [Boolean] whether it was accepted; not if this process was told to stop after the other became ready
    def hand_over(successor)
      @lock.synchronize do
        return false unless @state == :underway

        @state = :handed_over
        ErrorLog.line("hot restart: process #{successor.pid} serves, this one finishes what it has begun")
        @succeeded.call(successor.pid)
      end
      true
    end

    def finish
      @server.shutdown
      true
    end

    def stay(successor, outcome)
      stays = "; this one stays" unless outcome.kind == :cancelled
      ErrorLog.line("hot restart failed: process #{successor.pid} #{outcome.words}#{stays}")
      successor.dismiss(@server.settings.shutdown_timeout)
      @lock.synchronize { @failed.call if @state == :underway }
      false
    end

    def refuse(reason)
      ErrorLog.line("no hot restart: #{reason}")
      false
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
