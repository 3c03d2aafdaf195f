# frozen_string_literal: true

require "kino/check/causes"
require "kino/check/finding"
require "kino/errors"

module Kino
  module Check
    # Calls an app in a Ractor of its own, as a worker would, and tells what it raises.
    #
    # @api private
    module Trial
      # Lines of a backtrace.
      LINES = 8

      # What a request is made of: "GET /path?query".
      FORM = %r{\A(?<method>[A-Z]+) (?<path>/[^\s?]*)(?:\?(?<query>\S*))?\z}

      class << self
        # @param app [#call]
        # @param request [String] such as "GET /path"
        # @return [Array<Finding>] none where it went well
        # @raise [ConfigError] for what is not a request
        def findings(app, request)
          env = env(request)
          return [] unless Ractor.shareable?(app) # why it is not has been said

          error, *lines = value(ractor(app, env))
          error ? [finding(request, error, lines)] : []
        end

        private

        # With what a server gives besides, in {call}: an input and an error stream cannot be sent.
        def env(request)
          parts = FORM.match(request) or
            raise ConfigError, "not a request: #{request.inspect} (give a method and a path, such as \"GET /\")"
          { "REQUEST_METHOD" => parts[:method], "PATH_INFO" => parts[:path], "QUERY_STRING" => parts[:query].to_s,
            "SCRIPT_NAME" => "", "SERVER_NAME" => "localhost", "SERVER_PORT" => "80", "HTTP_HOST" => "localhost",
            "SERVER_PROTOCOL" => "HTTP/1.1", "REMOTE_ADDR" => "127.0.0.1", "rack.url_scheme" => "http",
            "rack.hijack?" => false }
        end

        def ractor(app, env)
          quietly { Ractor.new(app, env) { |its_app, its_env| Trial.call(its_app, its_env) } }
        end

        def value(ractor) = ractor.respond_to?(:value) ? ractor.value : ractor.take

        # Ruby says of the first Ractor that they are experimental, which is known here.
        def quietly
          before = Warning[:experimental]
          Warning[:experimental] = false
          yield
        ensure
          Warning[:experimental] = before
        end

        def finding(request, error, lines)
          Finding.new(cause: :request, certainty: :certain, what: ["#{request}: #{error}", *lines].join("\n"),
                      place: lines.first.to_s[/\A(.+?:\d+)/, 1], path: request, fix: fix(error))
        end

        def fix(error)
          return Causes::ALL.fetch(:request).fix if error.start_with?("Ractor::", "FrozenError")

          "it may fail in threads too: see the backtrace"
        end
      end

      # Runs within the Ractor.
      #
      # @return [Array<String>, nil] what was raised, and its backtrace
      def self.call(app, env)
        require "stringio"
        input = StringIO.new("".b)
        _status, _headers, body = app.call(env.merge("rack.input" => input, "rack.errors" => $stderr))
        take(body)
        nil
      rescue Exception => error # rubocop:disable Lint/RescueException -- `exit` too is what the app does
        root = error
        root = root.cause while root.cause.is_a?(StandardError)
        ["#{root.class}: #{message(root)}", *root.backtrace.to_a.first(LINES)].map { |line| line.to_s.dup.freeze }
      end

      # To its end, as it would be sent.
      def self.take(body)
        if body.respond_to?(:each) then body.each { |chunk| chunk }
        elsif body.respond_to?(:call) then body.call(StringIO.new("".b))
        end
        body.close if body.respond_to?(:close)
      end

      # Some will not be described.
      def self.message(error)
        error.message
      rescue StandardError => failure
        "(no message: #{failure.class})"
      end
      private_class_method :take, :message
    end
  end
end
