# frozen_string_literal: true

require "kino/error_log"
require "kino/errors"
require "kino/hot_restart/successor"

module Kino
  # Another process of the same program gets the socket that this one listens on. Once it serves, this one finishes
  # what it has begun and ends. The socket is never closed, so no connection is refused; where the new process
  # does not come up this one just stays.
  #
  # What may follow what, each step under the lock:
  #
  #     :idle ------> :underway --(it is ready)--> :handed_over
  #      |  ^            | |
  #      |  '-(it is not)' |
  #      '-----> :cancelled <
  #
  # The last two are final, and exclude each other: either the new process serves and is told of to whoever must know,
  # or this one was told to stop before that, and then nobody follows. What is told of it is told under the lock too,
  # so that nobody can say that the service stops between the decision and the word that another goes on.
  #
  # @api private
  class HotRestart
    # Why none is begun in a state.
    REFUSALS = { underway: "one is under way already", handed_over: "another process serves already",
                 cancelled: "the server is stopping" }.freeze
    private_constant :REFUSALS

    # @param server [Server]
    # @param succeeded [#call] gets the pid of the new process when it serves: whatever else is to be handed over
    # @param failed [#call] when it came to nothing and the new process is gone: whatever it may have left behind
    # @param kept [Boolean] whether the listener is a service manager's
    # @param program [#command, #environment, #directory] what is started
    def initialize(server, succeeded:, failed:, kept: false, program: Program)
      @server = server
      @kept = kept
      @succeeded = succeeded
      @failed = failed
      @program = program
      @lock = Mutex.new # around what follows
      @ended = ConditionVariable.new
      @state = :idle
      @busy = false # as long as a call lasts, whatever has become of the state
      @successor = nil
    end

    # Tries it, and says on stderr what came of it.
    #
    # @return [Boolean] whether this process has been succeeded; it has stopped serving then
    def call
      refusal = begin_one
      return refuse(refusal) if refusal

      begin
        attempt
      ensure
        end_one
      end
    end

    # This process is to stop; one that would follow it is not wanted any more. One that does follow it already stays.
    #
    # @return [Boolean] whether nobody follows
    def cancel
      @lock.synchronize do
        return false if @state == :handed_over

        @state = :cancelled
        @successor&.cancel
        true
      end
    end

    # Waits for the end of what is under way: of a new process that was cancelled and does not obey, no longer than
    # `shutdown_timeout`. If this one ended before that, the other would go on by itself.
    #
    # @param seconds [Numeric, nil] at most; nil is for as long as it takes
    # @return [Boolean] whether nothing is under way
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
      # All processes of a container end with its first.
      return "this is process 1, and may not end" if Process.pid == 1
      return "this process is not ready itself" unless @server.ready?
      return "the command that started this program is not known" unless @program.command

      "the directory that it was started in was deleted" unless @program.directory
    end

    # @return [Successor, nil]
    def start
      @lock.synchronize do
        listener = @server.listener if @state == :underway
        return refuse(REFUSALS[:cancelled]) && nil unless listener

        begin
          @successor = Successor.new(listener, kept: @kept, command: @program.command,
                                               env: @program.environment, chdir: @program.directory)
        ensure
          listener.close
        end
      end
    rescue SystemCallError, ThreadError, Error => error
      refuse(error.message) && nil
    end

    # @return [Boolean] whether it was; not if this process was told to stop since the other has become ready
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
