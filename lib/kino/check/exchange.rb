# frozen_string_literal: true

require "kino/error_log"
require "kino/rack/response_finished"
require "kino/rack/stream"
require "stringio"

module Kino
  module Check
    # One request and its answer, in the Ractor that {Trial} makes for it: calls the app and reads the answer to its
    # end, as a worker would.
    #
    # @api private
    class Exchange
      # What stands for {Kino::Request}, and for the callable that hijacks the connection: there is none.
      class Request
        # @return [Boolean]
        def disconnected? = false
        # Ends the trial.
        def call = throw(:hijacked, :hijacked)
      end

      # Lines of a backtrace.
      LINES = 8
      # Letters of an error's message.
      MESSAGE = 400
      # Letters of an answer that are shown where its status is that of a failure.
      SHOWN = 200
      # Where the frames are that are none of the app's.
      OWN = "#{__dir__}/".freeze

      # @param app [#call]
      # @param env [Hash] without what cannot be sent to a Ractor
      # @return [true, :hijacked, Array<String>] what went wrong, and the backtrace, if there is one
      def self.call(app, env)
        $stdout = $stderr # which is this Ractor's: what the app prints is no part of the report
        catch(:hijacked) { new(app, env).failure&.then { [it] } || true }
      rescue Exception => error # rubocop:disable Lint/RescueException -- whatever an app raises is the answer
        describe(error)
      end

      # The error that is at the bottom of it. An exception may raise where it is asked.
      def self.describe(error)
        root = error
        ErrorLog::MOST_CAUSES.times { root = root.cause if root.cause.is_a?(StandardError) }
        head, *lines = ErrorLog.full_message(root).lines.map { plain(it) }
        head = "#{head[...MESSAGE]}..." if head.size > MESSAGE
        [head, *lines.reject { it.start_with?(OWN) }.first(LINES)]
      rescue Exception # rubocop:disable Lint/RescueException -- see above
        [ErrorLog.undescribed(error)]
      end
      private_class_method :describe

      # @param text [String]
      # @return [String] one line, that does not rule the terminal on which it is shown
      def self.plain(text) = text.gsub(/[[:cntrl:]]+/, " ").split.join(" ")

      # @param app [#call]
      # @param env [Hash]
      def initialize(app, env)
        @app = app
        @input = StringIO.new("".b)
        request = Request.new
        @env = env.merge("rack.input" => @input, "rack.errors" => $stderr, "rack.response_finished" => [],
                         "kino.request" => request, "rack.hijack" => request)
        @text = +"".b
      end

      # @return [String, nil] what is wrong with the answer
      def failure
        response = @app.call(@env)
        return "#{returned(response)}, not [status, headers, body]" unless triple?(response)

        fault = read_and_close(*response.last(2))
        finish(response)
        fault || bad_status(response.first)
      end

      # Calls those that want to know that the answer is complete, the last first. What one raises is told, though a
      # server would only log it.
      # @param response [Array]
      # @return [void]
      def finish(response)
        return unless Rack::ResponseFinished.awaited?(@env)

        @env["rack.response_finished"].reverse_each { it.call(@env, *response.first(2), nil) }
      end

      # What a streaming body writes to.
      # @param chunk [String]
      # @return [Integer] bytes
      def write(chunk)
        @text << chunk.b if @text.size < SHOWN
        chunk.bytesize
      end

      private

      def returned(response)
        return "#{response.class} returned" unless response.is_a?(Array)

        "[#{response.first(4).map(&:class).join(", ")}#{", ..." if response.size > 4}] returned"
      end

      def triple?(response)
        response.is_a?(Array) && response.size == 3 && response.first.respond_to?(:to_i) &&
          response[1].respond_to?(:each)
      end

      def read_and_close(headers, body)
        read(headers, body)
      ensure
        body.close if body.respond_to?(:close)
      end

      def bad_status(status)
        "status #{status}#{": #{excerpt}" unless @text.empty?}" if status.to_i >= 500
      end

      def read(headers, body)
        taker = headers["rack.hijack"] if headers.is_a?(Hash)
        if taker then taker.call(stream)
        elsif body.respond_to?(:each) then return read_each(body)
        elsif body.respond_to?(:call) then body.call(stream)
        else return "a body of #{body.class}, which has neither each nor call"
        end
        nil
      end

      def read_each(body)
        (body.respond_to?(:to_ary) ? body.to_ary : body).each do |chunk|
          return "a body that yields #{chunk.class}, not String" unless chunk.is_a?(String)

          write(chunk)
        end
        nil
      end

      def stream = Rack::Stream.new(@input, self)

      def excerpt = Exchange.plain(@text.byteslice(0, SHOWN).force_encoding(Encoding::UTF_8).scrub("?"))
    end
  end
end
