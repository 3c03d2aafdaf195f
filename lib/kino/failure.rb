# frozen_string_literal: true

require "kino/error_log"
require "kino/hooks"

module Kino
  # Reports what an app has raised: to the log, to the hook, and to the client.
  class Failure
    # The answer.
    ANSWER = [500, { "content-type" => "text/plain; charset=utf-8" }.freeze,
              ["500 Internal Server Error\n"].freeze].freeze

    # Where Sinatra and Rails keep an error that they have answered themselves.
    FRAMEWORK_ERRORS = %w[sinatra.error action_dispatch.exception].freeze
    private_constant :FRAMEWORK_ERRORS

    # @param native [Native::Worker] the worker that holds the request
    # @param on_error [#call, nil] the hook of that name
    # @param detector [Demotion::Detector, nil]
    def initialize(native, on_error: nil, detector: nil)
      @native = native
      @on_error = on_error
      @detector = detector
    end

    # Puts the request back, to be answered by a thread, if only a Ractor raises this error, the Ractors are relieved,
    # and it is safe to answer the request again.
    # @param env [Hash]
    # @param error [Exception]
    # @return [Boolean] whether it was put back, so that there is nothing to report
    def put_back?(env, error) = detect(env, error) && @native.put_back

    # The same for an app that has answered 500, if its framework tells which error that was.
    # @param env [Hash]
    # @return [Boolean] whether that answer is not to be sent
    def put_back_answer?(env)
      error = env.values_at(*FRAMEWORK_ERRORS).find { |value| value.is_a?(Exception) }
      !error.nil? && put_back?(env, error)
    end

    # Reports the error, and answers 500 if the client has no answer yet.
    # @param env [Hash]
    # @param error [Exception]
    # @return [Boolean] whether it answered 500
    def answer(env, error)
      write(env, error)
      return false if @native.answered?

      @native.answer(*ANSWER)
      true
    end

    # Reports an error that does not change the answer.
    # @param env [Hash]
    # @param error [Exception]
    # @return [void]
    def report(env, error)
      detect(env, error)
      write(env, error)
    end

    private

    def detect(env, error) = @detector ? @detector.report(error, env) : false

    def write(env, error)
      return if clients_fault?(error)

      ErrorLog.exception(error, env)
      Hooks.call(:on_error, @on_error, error, env) { |raised| detect(env, raised) }
    end

    # A client that leaves or sends a bad body is no error of the app's. The front-end has answered such a body already,
    # so the 500 that we add goes nowhere.
    def clients_fault?(error)
      error.is_a?(DisconnectedError) || error.is_a?(RequestBodyError)
    end
  end
end
