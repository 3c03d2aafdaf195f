# frozen_string_literal: true

require "kino/error_log"

module Kino
  # Handles signals while a server runs.
  #
  # A trap may not take locks, and runs between any two steps of the main thread, so it only queues the signal. A thread
  # reads the queue and starts another thread for each signal, so no signal waits for the work of an earlier one.
  #
  # @api private
  class Signals
    # Signals that stop a server. A second one of them ends the process at once.
    STOP = %w[INT TERM QUIT].freeze

    # The exit status after the second.
    FORCED_EXIT_STATUS = 1

    # Ruby refuses to lock a Mutex in a trap handler, and has no other way to tell that this is one.
    #
    # @return [Boolean] whether the caller is in a trap handler
    def self.trapping?
      Mutex.new.synchronize { false }
    rescue ThreadError
      true
    end

    # @param stop [#call] called on the first of {STOP}
    # @param others [Hash{String => #call}] called on the others, by name
    def initialize(stop:, others: {})
      @actions = { stop:, **others }
      @notes = Thread::Queue.new
      @stopping = false
    end

    # Traps the signals during the block, and restores the former handlers. Signals that come before {#start} wait for
    # it.
    #
    # @yield while the signals are trapped
    # @return [Object] the value of the block
    def during
      former = handlers.to_h { |name, handler| [name, trap(name, handler)] }
      yield
    ensure
      former&.each { |name, handler| trap(name, handler || "DEFAULT") }
      @notes.close
    end

    # Starts handling signals.
    # @return [self]
    def start
      revive
      @is_started = true
      self
    end

    private

    def handlers
      stop = lambda do |_number| # one handler for all, because it knows whether one came before
        exit!(FORCED_EXIT_STATUS) if @stopping
        @stopping = true
        note(:stop)
      end
      names = @actions.keys - [:stop]
      STOP.to_h { |name| [name, stop] }.merge(names.to_h { |name| [name, ->(_number) { note(name) }] })
    end

    def note(name)
      @notes << name
      revive if @is_started && !@reader&.alive?
    rescue ClosedQueueError, ThreadError
      nil # the server has stopped, and the handlers are about to be restored; or the next signal tries again
    end

    # An app can reach and end all threads, but the server must still handle signals.
    def revive
      @reader = Thread.new { read }
      @reader.name = "kino-signals"
    end

    # Goes on whatever is raised in it or at this thread.
    def read
      act_on_all
    rescue Exception => error # rubocop:disable Lint/RescueException -- see above
      ErrorLog.line("signals are heard as before, after #{ErrorLog.full_message(error)}")
      retry
    end

    def act_on_all
      while (name = @notes.pop)
        begin
          Thread.new(name) { |noted| act(noted) }.name = "kino-signal-#{name}"
        rescue ThreadError
          act(name) # no thread is left: better one after another than not at all
        end
      end
    end

    def act(name)
      @actions.fetch(name).call
    rescue *ErrorLog::RESCUED => error
      ErrorLog.exception(error)
    end
  end
end
