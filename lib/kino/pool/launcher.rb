# frozen_string_literal: true

require "kino/pool/worker_table"

module Kino
  module Pool
    # Starts workers for a {Supervisor} and hears of their exits: as Ractors ({RactorLauncher}) or as plain threads
    # ({ThreadLauncher}).
    #
    # @abstract
    #
    # @!method specs(index)
    #   @param index [Integer] of a worker
    #   @return [Array<WorkerSpec>] what the worker consists of
    #
    # @!method start(number, spec)
    #   @param number [Integer] identifies what is started in {#next_exit}
    #   @param spec [WorkerSpec]
    #   @return [void]
    #   @raise [StandardError] whatever keeps Ruby from starting another Ractor or thread
    #
    # @!method next_exit(seconds)
    #   Waits for an exit.
    #   @param seconds [Numeric, nil] at most; nil waits forever
    #   @return [Array(Integer, ExitReason, Boolean), nil] what exited, why, and whether all of it did, rather than one
    #     of its threads; nil when the time is over or {#wake} was called
    #
    # @!method report(number, reason)
    #   Reports an exit: of a worker that could not be started, too.
    #   @param number [Integer]
    #   @param reason [ExitReason]
    #   @return [void]
    #
    # @!method wake
    #   Ends the wait of {#next_exit}.
    #   @return [void]
    #
    # @!method kill
    #   Kills what is left, if it can be killed.
    #   @return [void]
    #
    # @!method await_killed(seconds)
    #   Waits until what {#kill} killed is gone, after its `ensure` blocks.
    #   @param seconds [Numeric] at most, for all of it together
    #   @return [void]
    class Launcher
      # The longest wait for the exit of a thread, in seconds, before waiting again. Not forever: when all threads of a
      # Ractor wait for one another, as an app's may until the next request, the VM takes a wait without a timeout for a
      # deadlock, and raises in the Ractor's main thread.
      LONGEST_WAIT = 60

      # @return [Integer] the server in {Native}
      attr_reader :server_id

      # @param server_id [Integer] see {#server_id}
      # @param app [#call] the Rack app; shareable if the workers are Ractors
      # @param hooks [Hooks::Workers] as shareable as the app
      # @param threads [Integer] threads per worker
      def initialize(server_id:, app:, hooks:, threads:)
        @server_id = server_id
        @app = app
        @hooks = hooks
        @threads = threads
      end

      # @return [Boolean] whether the caller is on a worker's thread, in the main Ractor
      def own_thread? = false

      # @param index [Integer]
      # @return [String] the worker's name
      def name(index) = "kino-worker-#{index + 1}"

      private

      # Arguments for {Worker.run}.
      def work_for(spec) = { server_id: @server_id, app: @app, index: spec.index, hooks: @hooks }
    end
  end
end
