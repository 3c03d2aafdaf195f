# frozen_string_literal: true

require "kino/error_log"
require "kino/hooks"

module Kino
  # Tells those concerned of what an app has raised: the log, the hook, and the client.
  class Failure
    # The answer.
    ANSWER = [500, { "content-type" => "text/plain; charset=utf-8" }.freeze,
              ["500 Internal Server Error\n"].freeze].freeze

    # Where Sinatra and Rails keep an error that they have answered themselves.
    KEPT = %w[sinatra.error action_dispatch.exception].freeze
    private_constant :KEPT

    # @param native [Native::Worker] the worker that holds the request
    # @param on_error [#call, nil] the hook of that name
    # @param watch [Demotion::Watch, nil]
    def initialize(native, on_error: nil, watch: nil)
      @native = native
      @on_error = on_error
      @watch = watch
    end

    # Takes note of what was raised, if only a Ractor raises it.
    # @param env [Hash]
    # @param error [Exception]
    # @return [Boolean] whether it was noted
    def notice(env, error) = @watch ? @watch.notice(error, env) : false

    # Leaves the request to threads, where only a Ractor raises this, the server goes over to threads, and it is safe
    # to answer the request again.
    # @param env [Hash]
    # @param error [Exception]
    # @return [Boolean] whether nobody is to be told
    def put_back?(env, error) = notice(env, error) && @native.put_back

    # The same for a 500 of the app's own, if its framework tells what it has made it of.
    # @param env [Hash]
    # @return [Boolean] whether that answer is not to be sent
    def put_back_answer?(env)
      error = env.values_at(*KEPT).find { |value| value.is_a?(Exception) }
      !error.nil? && put_back?(env, error)
    end

    # Reports the error, and answers 500 if the client can still be told.
    # @param env [Hash]
    # @param error [Exception]
    # @return [Boolean] whether it was answered 500
    def tell(env, error)
      write(env, error)
      return false if @native.answered?

      @native.answer(*ANSWER)
      true
    end

    # Takes note of an error that goes no further, and tells the log and the hook, unless it is the client's own doing.
    # @param env [Hash]
    # @param error [Exception]
    # @return [void]
    def report(env, error)
      notice(env, error)
      write(env, error)
    end

    private

    def write(env, error)
      return if clients_doing?(error)

      ErrorLog.exception(error, env)
      Hooks.call(:on_error, @on_error, error, env) { |raised| notice(env, raised) }
    end

    # The client's leaving is no fault of the app's, nor is what is wrong with its request's body. The
    # front-end has answered that already, so the 500 that we add goes nowhere.
    def clients_doing?(error)
      error.is_a?(DisconnectedError) || error.is_a?(RequestBodyError)
    end
  end
end
