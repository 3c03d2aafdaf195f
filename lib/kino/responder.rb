# frozen_string_literal: true

require "kino/decoding_writer"
require "kino/failure"
require "kino/rack/file_path"
require "kino/rack/response_finished"
require "kino/rack/stream"
require "kino/hijack"

module Kino
  # Sends what an app has returned, whatever kind of body it is, and closes the body once.
  #
  # @see https://github.com/rack/rack/blob/main/SPEC.rdoc The Body
  class Responder
    # The results of {Native::Writer#finish} in words.
    LENGTH_FAULTS = { short: "shorter than its content-length: it was broken off",
                      cut: "longer than its content-length: it was cut" }.freeze
    private_constant :LENGTH_FAULTS

    # @param native [Native::Worker] the worker that holds the request
    # @param on_error [#call, nil] the hook of that name
    # @param detector [Demotion::Detector, nil]
    def initialize(native, on_error: nil, detector: nil)
      @native = native
      @hijack = Hijack.new(native)
      @failure = Failure.new(native, on_error:, detector:)
      @finished = Rack::ResponseFinished.new(@failure)
    end

    # Answers the request in hand, and runs its `rack.response_finished`.
    # @param env [Hash] its Rack env
    # @param status [Integer, String]
    # @param headers [Hash]
    # @param body [#to_ary, #each, #call]
    # @return [Object, nil] see {#failed}
    def respond(env, status, headers, body)
      conclude(env, status, headers) { send_body(env, status, headers, body) }
    end

    # Sends an array body whose length differs from its content-length: cuts it, or breaks the connection.
    # @param env [Hash]
    # @param status [Integer, String]
    # @param headers [Hash]
    # @param body [Array<String>]
    # @return [Object, nil] see {#failed}
    def stream_array(env, status, headers, body)
      conclude(env, status, headers) { stream_each(env, status, headers, body.each) }
    end

    # Answers for an app that has raised, and runs its `rack.response_finished`.
    # @param env [Hash]
    # @param status [Integer, nil] that the app had returned, if it had
    # @param headers [Hash, nil]
    # @param error [Exception]
    # @return [Object, nil] the status that was sent; nil where the request was put back
    def failed(env, status, headers, error)
      @finished.record(status, headers, error)
      return @finished.run(env) if @failure.put_back?(env, error)

      sent = @failure.answer(env, error) || status.nil? ? Failure::ANSWER.first : status
      @finished.run(env)
      sent
    end

    # Puts back a request that the app has answered 500, see {Failure#put_back_answer?}, and runs its
    # `rack.response_finished`.
    # @param env [Hash]
    # @param status [Integer]
    # @param headers [Hash]
    # @param body [Object]
    # @return [Boolean] whether it was put back, so that the answer is not to be sent
    def put_back_answer?(env, status, headers, body)
      return false unless @failure.put_back_answer?(env)

      close(env, body)
      @finished.record(status, headers, nil)
      @finished.run(env)
      true
    end

    # Runs what is left of `rack.response_finished` for the request that a worker had in hand when it died.
    # @param env [Hash]
    # @return [void]
    def finish_abandoned(env)
      record_death(nil, nil)
      @finished.run(env)
    end

    private

    def conclude(env, status, headers)
      begin
        yield
      rescue *Worker::RESCUED => error
        is_recorded = true
        return failed(env, status, headers, error)
      end
      is_recorded = true
      @finished.record(status, headers, nil)
      @finished.run(env)
      status
    ensure
      record_death(status, headers) unless is_recorded
    end

    def record_death(status, headers)
      # Not $ERROR_INFO: a Ractor cannot read an alias of a global variable.
      raised = $! # rubocop:disable Style/SpecialGlobalVars -- see above
      @finished.record(status, headers, raised || WorkerError.new("its worker was killed"))
    end

    def send_body(env, status, headers, body)
      is_last = @hijack.requested?(status, headers)
      return send_array(env, status, headers, body.to_ary) if body.respond_to?(:to_ary) && !is_last

      begin
        is_last ? send_last(env, status, headers, body) : send_enumerable(env, status, headers, body)
      ensure
        close(env, body)
      end
    end

    # A connection of HTTP/2 carries other requests, too, so a partial hijack gets what a streaming body gets: its own
    # stream, both ways.
    def send_last(env, status, headers, body)
      taker = headers["rack.hijack"] if env["rack.hijack?"] == false && headers.is_a?(Hash)
      return @hijack.answer(env, status, headers, body) unless taker

      send_enumerable(env, status, headers.except("rack.hijack", "rack.protocol"), taker)
    end

    # `to_ary` has closed the body.
    def send_array(env, status, headers, chunks)
      @native.answer(status, headers, chunks)
    rescue LengthMismatchError, ChunkedBodyError
      stream_each(env, status, headers, chunks)
    end

    def send_enumerable(env, status, headers, body)
      return if @native.answered? || sent_from_disk?(status, headers, body)

      if @native.bodiless?(status)
        @native.stream(status, headers).finish
      elsif body.respond_to?(:each)
        stream_each(env, status, headers, body)
      elsif body.respond_to?(:call)
        stream_call(env, status, headers, body)
      else
        hint = " (is the answer an Array of status, headers and body?)" if body.nil?
        raise InvalidResponseError, "a body must respond to to_ary, each or call; #{body.class} does not#{hint}"
      end
    end

    def sent_from_disk?(status, headers, body)
      path = Rack::FilePath.of(body)
      path && @native.send_file(status, headers, path)
    end

    # Sends the head with the first chunk: until then an error can still become a 500.
    def stream_each(env, status, headers, body)
      writer = nil
      is_over = false
      body.each do |chunk|
        # A body that keeps this block must not write into the answer to another request.
        raise IOError, "closed stream" if is_over
        raise InvalidResponseError, "a body must yield Strings, got #{chunk.class}" unless chunk.is_a?(String)

        (writer ||= open_writer(status, headers)).write(chunk)
      end
      finish(env, writer || open_writer(status, headers))
    ensure
      is_over = true
      writer&.abort # does nothing once the writer is finished
    end

    def stream_call(env, status, headers, body)
      writer = open_writer(status, headers)
      body.call(Rack::Stream.new(env["rack.input"], writer))
      finish(env, writer)
    ensure
      writer&.abort
    end

    def open_writer(status, headers)
      @native.stream(status, headers)
    rescue ChunkedBodyError
      DecodingWriter.new(@native, status, headers)
    end

    def finish(env, writer)
      what, bytes = writer.finish
      return unless what

      error = InvalidResponseError.new("the body is #{bytes} bytes #{LENGTH_FAULTS.fetch(what)}")
      # A body that is too short breaks the answer off like any other error; one that is too long has done no harm.
      raise error if what == :short

      @failure.report(env, error)
    end

    def close(env, body)
      body.close if body.respond_to?(:close)
    rescue *Worker::RESCUED => error
      @failure.report(env, error)
    end
  end
end
