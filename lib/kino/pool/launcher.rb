# frozen_string_literal: true

module Kino
  module Pool
    # Starts workers and hears of their end, for a {Supervisor}: what {Ractors} and {Threads} have in common.
    #
    # @abstract
    class Launcher
      # How long to wait for the end of a thread before waiting anew, in seconds. Never for ever: where all threads of a
      # Ractor wait for one another, as an app's may until the next request, the VM takes a wait without an end for a
      # deadlock, and raises in the Ractor's main thread.
      LONGEST_WAIT = 60

      # @return [Integer] the server in {Native}
      attr_reader :server_id

      # @param server_id [Integer] see {#server_id}
      # @param app [#call] the Rack app; shareable where the workers are Ractors
      # @param hooks [Hooks::Workers] as shareable as the app
      # @param threads [Integer] threads a worker
      def initialize(server_id:, app:, hooks:, threads:)
        @server_id = server_id
        @app = app
        @hooks = hooks
        @threads = threads
      end

      # @param index [Integer] the worker's
      # @return [Array<Array(String, Integer)>] what a worker consists of: name and number of threads of each
      def parts(index) = raise(NotImplementedError, "#{self.class} makes no worker #{index}")

      # @param number [Integer] names it in {#next_end}
      # @param unit [Supervisor::Unit]
      # @return [void]
      # @raise [StandardError] whatever keeps Ruby from starting another
      def start(number, unit) = raise(NotImplementedError, "#{self.class} starts no #{unit.name} (#{number})")

      # @param seconds [Numeric, nil] at most; nil for ever
      # @return [Array(Integer, Ending, Boolean), nil] the number of a worker, how it ended, and whether all of it did
      #   and not one of its threads
      def next_end(seconds) = raise(NotImplementedError, "#{self.class} waits no #{seconds} s")

      # A worker that could not be started is one that has ended.
      # @param number [Integer]
      # @param ending [Ending]
      # @return [void]
      def note(number, ending) = raise(NotImplementedError, "#{self.class} notes no #{ending.stage} of #{number}")

      # Ends the wait of {#next_end}.
      # @return [void]
      def wake = raise(NotImplementedError)

      # Ends by force what is left, where that can be done.
      # @return [void]
      def kill = raise(NotImplementedError)

      # Waits until what {#kill} has ended is gone, its `ensure` blocks included.
      # @param seconds [Numeric] at most, for all of it together
      # @return [void]
      def await_killed(seconds) = raise(NotImplementedError, "#{self.class} waits no #{seconds} s")

      # @return [Boolean] whether the caller is on a thread of a worker, in the main Ractor
      def own_thread? = false

      # @param index [Integer]
      # @return [String] of a worker
      def name(index) = "kino-worker-#{index + 1}"

      private

      # What {Worker.run} wants to know.
      def work_of(unit) = { server_id: @server_id, app: @app, index: unit.index, hooks: @hooks }
    end
  end
end
