# frozen_string_literal: true

require "kino/error_log"
require "kino/responder"

module Kino
  # The request loop: the same for a thread in a Ractor and for a plain thread.
  #
  # What a request raises ends here: a StandardError, a ScriptError (NotImplementedError, LoadError)
  # and a SystemStackError become a 500 and an entry in the log. Anything else (SystemExit, `throw`,
  # `Thread#kill`, NoMemoryError) ends the worker; the front-end answers its request 500.
  class Worker
    # Exceptions that end a request and not its worker.
    RESCUED = ErrorLog::RESCUED

    # Runs a worker on this thread.
    #
    # @param server_id [Integer] the server in {Native}
    # @param app [#call] the Rack app
    # @param index [Integer] of whose connections it drives, see {Native}
    # @return [Symbol, Exception] :closed, or what the worker died of. It is returned, not raised:
    #   Ruby hands a SystemExit that leaves a thread on to the main thread, and an app's `exit` must
    #   not stop the server
    def self.outcome(server_id:, app:, index:)
      new(server_id:, app:, index:).run
      :closed
    rescue Exception => e # rubocop:disable Lint/RescueException -- see above
      e
    end

    # @param server_id [Integer] the server in {Native}
    # @param app [#call] the Rack app
    # @param index [Integer] of whose connections it drives, see {Native}
    def initialize(server_id:, app:, index:)
      @native = Native::Worker.new(server_id, index)
      @app = app
      @responder = Responder.new(@native)
    end

    # Answers requests until the server is closed.
    # @return [void]
    def run
      env = @native.take
      env = serve(env) while env
    ensure
      @native.release
    end

    private

    # @return [Hash, nil] the env of the next request
    def serve(env)
      status, headers, body = @app.call(env)
      if body.instance_of?(Array) && !Responder.awaited?(env)
        @native.reply(status, headers, body)
      else
        @responder.respond(env, status, headers, body)
        @native.take
      end
    rescue *RESCUED => error
      recover(env, status, headers, body, error)
      @native.take
    end

    def recover(env, status, headers, body, error)
      case error
      when LengthMismatchError then return @responder.respond_exactly(env, status, headers, body)
      when ServerHeaderError then return @responder.respond(env, status, headers, body)
      end

      @responder.fail(env, error)
      @responder.finished(env, status, headers, error)
    end
  end
end
