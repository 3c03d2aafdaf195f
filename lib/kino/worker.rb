# frozen_string_literal: true

require "kino/error_log"
require "kino/hooks"
require "kino/pool/ending"
require "kino/responder"

module Kino
  # The request loop: the same for a thread in a Ractor and for a plain thread.
  #
  # What a request raises ends here: a StandardError, a ScriptError (NotImplementedError, LoadError)
  # and a SystemStackError become a 500 and an entry in the log. Anything else (SystemExit,
  # `Thread#kill`, NoMemoryError) ends the worker; the front-end answers its request 500. So does
  # what `Thread#raise` brings while it waits for a request: there is none to blame it on.
  class Worker
    # Exceptions that end a request and not its worker.
    RESCUED = ErrorLog::RESCUED

    # The VM lock of the main Ractor.
    MAIN_LOCK = 0

    # Runs a worker on this thread, until the server is closed, the worker is told to leave, or it dies.
    #
    # @param hooks [Hooks::Workers]
    # @param about [Hash{Symbol => Object}] what else {#initialize} takes
    # @yieldparam ending [Pool::Ending] how it ended; called in any case, when the thread is killed too. Nothing is
    #   raised: Ruby hands a SystemExit that leaves a thread on to the main thread, and an app's `exit` must not stop
    #   the server
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
      Pool::Ending.report(stage, error, &)
    end

    # @param server_id [Integer] the server in {Native}
    # @param app [#call] the Rack app
    # @param index [Integer] of whose connections it drives, see {Native}
    # @param lock [Integer] names the VM lock that it runs under, see {Native}
    # @param hooks [Hooks::Workers]
    # @param watch [Demotion::Watch, nil] where the server may go over to threads
    # @param relief [Boolean] whether this worker takes the place of those that the server goes over from
    # rubocop:disable-next Metrics/ParameterLists -- each has a name
    def initialize(server_id:, app:, index:, lock: MAIN_LOCK, hooks: Hooks::NONE, watch: nil, relief: false)
      @watch = watch
      # Before the front-end hears of it: what it counts as a worker can take a request.
      Hooks.call(:after_worker_boot, hooks.after_worker_boot, index) { |error| notice(error) }
      @native = Native::Worker.new(server_id, index, lock, relief)
      @app = app
      @responder = Responder.new(@native, on_error: hooks.on_error, watch:)
      @after_request = hooks.after_request
    end

    # Answers requests until the server is closed or the worker is told to leave.
    # @return [void]
    def run
      env = @native.take
      env = serve(env) while env
    ensure
      leave
      # It was left by a jump. Not before the release, which is the client's answer.
      abandon(env) if env
    end

    # @return [Symbol, nil] :set_aside or :leaving if it had been told to leave when {#run} ended
    attr_reader :dismissal

    private

    def notice(error, env = nil) = @watch&.notice(error, env)

    def abandon(env)
      @responder.abandoned(env)
    rescue SystemExit
      retry # each is called, whatever those before it do
    rescue *RESCUED => error
      ErrorLog.exception(error, env)
    end

    # Asked after the release, when nobody can tell it to leave any more: a worker that was told so between the
    # question and its end would be replaced by two, by who told it and by who heard of its end.
    def leave
      @native.release
      @dismissal = @native.quarantined? ? :set_aside : (:leaving if @native.leaving?)
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
      # Not the app's, but raised while the next request was waited for.
      raise unless @native.holding?

      recover(env, status, headers, body, error)
      @native.take
    end

    def put_back?(env, status, headers, body)
      !@watch.nil? && @responder.put_back_answer?(env, status, headers, body)
    end

    # @return [Object, nil] see {Responder#failed}
    def recover(env, status, headers, body, error)
      case error
      when LengthMismatchError then return @responder.respond_exactly(env, status, headers, body)
      when ServerHeaderError then return @responder.respond(env, status, headers, body)
      end

      @responder.failed(env, status, headers, error)
    end

    # Where somebody wants to know of every request. It costs a crossing more, so the others go without.
    class Hooked < Worker
      private

      def serve(env)
        status = answer(env)
        # One that was put back is not answered yet.
        Hooks.call(:after_request, @after_request, env, status) { |error| notice(error, env) } if status
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
