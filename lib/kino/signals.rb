# frozen_string_literal: true

require "kino/error_log"

module Kino
  # What signals do while a server runs.
  #
  # A trap may take no lock and comes between any two steps of the main thread, so it does nothing but note the
  # signal. A thread reads the notes and starts another for each: no signal waits for what an earlier one has begun.
  #
  # @api private
  class Signals
    # The signals that stop a server. A second one, whichever, ends the process at once.
    STOP = %w[INT TERM QUIT].freeze

    # What a process ends with on the second.
    FORCED_EXIT_STATUS = 1

    # Ruby lets nobody lock a Mutex in a trap handler, and tells in no other way that it is one.
    #
    # @return [Boolean] whether the caller is in a trap handler
    def self.trapping?
      Mutex.new.synchronize { false }
    rescue ThreadError
      true
    end

    # @param stop [#call] what the first of {STOP} does
    # @param others [Hash{String => #call}] what the others do, by name
    def initialize(stop:, others: {})
      @actions = { stop:, **others }
      @notes = Thread::Queue.new
      @stopping = false
    end

    # Traps the signals for the time of the block, and puts the former handlers back. What comes before {#start} waits
    # for it.
    #
    # @yield while the signals are ours
    # @return [Object] what the block returns
    def during
      former = handlers.to_h { |name, handler| [name, trap(name, handler)] }
      yield
    ensure
      former&.each { |name, handler| trap(name, handler || "DEFAULT") }
      @notes.close
    end

    # From now on signals are acted on.
    # @return [self]
    def start
      revive
      @is_started = true
      self
    end

    private

    def handlers
      stop = lambda do |_number| # one for all, for it knows whether one came before
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
      nil # the server has stopped, and the handlers are about to be put back; or the next signal tries again
    end

    # An app can reach all threads, and end them: a server must not be deaf then.
    def revive
      @reader = Thread.new { read }
      @reader.name = "kino-signals"
    end

    # Goes on whatever is raised in it, and whoever has raised it at this thread.
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
          act(name) # none is left: better one after another than not at all
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
