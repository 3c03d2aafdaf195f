# frozen_string_literal: true

require "kino/error_log"
require "kino/hooks"
require "kino/pool/exit_reason"
require "kino/responder"

module Kino
  # The request loop: the same for a thread in a Ractor and for a plain thread.
  #
  # A StandardError, a ScriptError (NotImplementedError, LoadError) and a SystemStackError end the request: it is
  # answered 500 and the error is logged. Anything else (SystemExit, `Thread#kill`, NoMemoryError) ends the worker, and
  # the front-end answers its request 500. An error that `Thread#raise` brings while no request is in hand ends the
  # worker too: there is no request to blame it on.
  class Worker
    # Exceptions that end a request but not its worker.
    RESCUED = ErrorLog::RESCUED

    # The VM lock of the main Ractor.
    MAIN_LOCK = 0

    # Runs a worker on this thread, until the server is closed, the worker is told to leave, or it dies.
    #
    # Never raises: Ruby passes a SystemExit that leaves a thread on to the main thread, so an app's `exit` would stop
    # the server.
    #
    # @param hooks [Hooks::Workers]
    # @param about [Hash{Symbol => Object}] what else {#initialize} takes
    # @yieldparam reason [Pool::ExitReason] why it exited; called in any case, even if the thread is killed
    # @return [void]
    def self.run(hooks: Hooks::NONE, **about, &)
      stage = :boot
      error = WorkerError.new("its thread was killed")
      worker = (hooks.after_request ? Hooked : self).new(hooks:, **about)
      stage = :serving
      worker.run
      error = nil
    rescue Exception => e # rubocop:disable Lint/RescueException -- see above
      error = e
    ensure
      stage = worker&.dismissal || (error ? stage : :leaving)
      Pool::ExitReason.report(stage, error, &)
    end

    # @param server_id [Integer] the server in {Native}
    # @param app [#call] the Rack app
    # @param index [Integer] which share of the connections it drives, see {Native}
    # @param lock [Integer] identifies the VM lock that it runs under, see {Native}
    # @param hooks [Hooks::Workers]
    # @param detector [Demotion::Detector, nil] if the server may be demoted to threads
    # @param relief [Boolean] whether this worker relieves Ractors
    # rubocop:disable-next Metrics/ParameterLists -- each has a name
    def initialize(server_id:, app:, index:, lock: MAIN_LOCK, hooks: Hooks::NONE, detector: nil, relief: false)
      @detector = detector
      # Before the native worker exists, because the front-end counts that as ready for requests.
      Hooks.call(:after_worker_boot, hooks.after_worker_boot, index) { |error| detect(error) }
      @native = Native::Worker.new(server_id, index, lock, relief)
      @app = app
      @responder = Responder.new(@native, on_error: hooks.on_error, detector:)
      @after_request = hooks.after_request
    end

    # Answers requests until the server is closed or the worker is told to leave.
    # @return [void]
    def run
      env = @native.take
      env = serve(env) while env
    ensure
      leave
      # Only set if a jump has left the loop. After the release, because that is what answers the client.
      abandon(env) if env
    end

    # @return [Symbol, nil] :quarantined or :leaving if it had been told to leave when {#run} ended
    attr_reader :dismissal

    private

    def detect(error, env = nil) = @detector&.report(error, env)

    def abandon(env)
      @responder.finish_abandoned(env)
    rescue SystemExit
      retry # every callable runs, whatever the ones before it do
    rescue *RESCUED => error
      ErrorLog.exception(error, env)
    end

    # Asks after the release, when the worker cannot be told to leave any more. Asked before, a worker that was told in
    # between would be replaced twice: for having been told, and for having died.
    def leave
      @native.release
      @dismissal = @native.quarantined? ? :quarantined : (:leaving if @native.leaving?)
    end

    # @return [Hash, nil] the env of the next request
    def serve(env)
      status, headers, body = @app.call(env)
      return @native.take if status == 500 && put_back?(env, status, headers, body)

      if body.instance_of?(Array) && !Rack::ResponseFinished.awaited?(env)
        @native.reply(status, headers, body)
      else
        @responder.respond(env, status, headers, body)
        @native.take
      end
    rescue *RESCUED => error
      # Raised while waiting for the next request, so not by the app.
      raise unless @native.holding?

      recover(env, status, headers, body, error)
      @native.take
    end

    def put_back?(env, status, headers, body)
      !@detector.nil? && @responder.put_back_answer?(env, status, headers, body)
    end

    # @return [Object, nil] see {Responder#failed}
    def recover(env, status, headers, body, error)
      case error
      when LengthMismatchError then return @responder.stream_array(env, status, headers, body)
      when ServerHeaderError then return @responder.respond(env, status, headers, body)
      end

      @responder.failed(env, status, headers, error)
    end

    # The loop with the hook `after_request`. It takes two native calls per request, so only servers with that hook pay
    # for it.
    class Hooked < Worker
      private

      def serve(env)
        status = answer(env)
        # A request that was put back has no status: it is not answered yet.
        Hooks.call(:after_request, @after_request, env, status) { |error| detect(error, env) } if status
        @native.take
      end

      # @return [Object, nil] see {Responder#failed}
      def answer(env)
        status, headers, body = @app.call(env)
        return if status == 500 && put_back?(env, status, headers, body)
        return @responder.respond(env, status, headers, body) unless plain?(env, body)

        @native.answer(status, headers, body)
        status
      rescue *RESCUED => error
        recover(env, status, headers, body, error)
      end

      def plain?(env, body) = body.instance_of?(Array) && !Rack::ResponseFinished.awaited?(env)
    end
    private_constant :Hooked
  end
end
