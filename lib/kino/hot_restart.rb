# frozen_string_literal: true

require "kino/error_log"
require "kino/errors"
require "kino/hot_restart/successor"

module Kino
  # Another process of the same program gets the socket that this one listens on. Once it serves, this one finishes
  # what it has begun and ends. The socket is never closed, so no connection is refused; where the new process
  # does not come up this one just stays.
  #
  # @api private
  class HotRestart
    # @param server [Server]
    # @param succeeded [#call] gets the pid of the new process when it serves: whatever else is to be handed over
    # @param failed [#call] when it came to nothing and the new process is gone: whatever it may have left behind
    # @param program [#command, #environment, #directory] what is started
    def initialize(server, succeeded:, failed:, program: Program)
      @server = server
      @succeeded = succeeded
      @failed = failed
      @program = program
      @lock = Mutex.new # around what follows
      @underway = false
      @over = false
      @successor = nil
    end

    # Tries it, and says on stderr what came of it.
    #
    # @return [Boolean] whether this process has been succeeded; it has stopped serving then
    def call
      return refuse("one is under way already") unless begin_one

      begin
        attempt
      ensure
        @lock.synchronize { @underway = false }
      end
    end

    # This process is to stop; one that would follow it is not wanted any more. One that does follow it already stays.
    # @return [void]
    def cancel
      @lock.synchronize do
        @over = true
        @successor&.cancel
      end
    end

    private

    def begin_one
      @lock.synchronize { @underway ? false : (@underway = true) }
    end

    def attempt
      reason = obstacle
      return refuse(reason) if reason

      successor = start or return false
      outcome = successor.await(@server.settings.restart_timeout)
      outcome.kind == :ready ? hand_over(successor) : stay(successor, outcome)
    ensure
      @lock.synchronize { @successor = nil }
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
        listener = @server.listener unless @over
        return refuse("the server is stopping") && nil unless listener

        begin
          @successor = Successor.new(listener, command: @program.command, env: @program.environment,
                                               chdir: @program.directory)
        ensure
          listener.close
        end
      end
    rescue SystemCallError, Error => error
      refuse(error.message) && nil
    end

    def hand_over(successor)
      @lock.synchronize do
        @over = true
        @successor = nil
      end
      ErrorLog.line("hot restart: process #{successor.pid} serves, this one finishes what it has begun")
      @succeeded.call(successor.pid)
      @server.shutdown
      true
    end

    def stay(successor, outcome)
      stays = "; this one stays" unless outcome.kind == :cancelled
      ErrorLog.line("hot restart failed: process #{successor.pid} #{outcome.words}#{stays}")
      successor.dismiss(@server.settings.shutdown_timeout)
      @lock.synchronize { @failed.call unless @over }
      false
    end

    def refuse(reason)
      ErrorLog.line("no hot restart: #{reason}")
      false
    end
  end
end
