# frozen_string_literal: true

require "kino/check/causes"
require "kino/check/exchange"
require "kino/check/finding"
require "kino/errors"

module Kino
  module Check
    # Calls an app in a Ractor of its own, as a worker would, and tells what went wrong.
    #
    # @api private
    module Trial
      # Seconds that an answer may take, to its end.
      LIMIT = 30

      # What a request is made of: "GET /path?query".
      FORM = %r{\A(?<method>[A-Z]+) (?<path>/[^\s?]*)(?:\?(?<query>\S*))?\z}

      class << self
        # @param app [#call]
        # @param request [String] such as "GET /path"
        # @param limit [Numeric] seconds
        # @return [Array<Finding>] none where it went well, and none for an app that cannot be shared: why has been said
        # @raise [ConfigError] for what is not a request
        def findings(app, request, limit: LIMIT)
          env = env(request)
          return [] unless Ractor.shareable?(app)

          outcome = value(ractor(app, env), limit)
          outcome == true ? [] : [finding(request, *outcome)]
        end

        # @param request [String]
        # @return [Hash] with what a server gives, but for what {Exchange} adds: an input and an error stream cannot be
        #   sent
        # @raise [ConfigError] for what is not a request
        def env(request)
          parts = FORM.match(request) if text?(request)
          parts or raise ConfigError, "not a request: #{request.inspect} (give a method and a path, such as \"GET /\")"
          { "REQUEST_METHOD" => parts[:method], "PATH_INFO" => parts[:path], "QUERY_STRING" => parts[:query].to_s,
            "SCRIPT_NAME" => "", "SERVER_NAME" => "localhost", "SERVER_PORT" => "80", "HTTP_HOST" => "localhost",
            "SERVER_PROTOCOL" => "HTTP/1.1", "REMOTE_ADDR" => "127.0.0.1", "rack.url_scheme" => "http",
            "rack.hijack?" => false }
        end

        private

        def text?(request) = request.is_a?(String) && request.encoding.ascii_compatible? && request.valid_encoding?

        def ractor(app, env)
          quietly { Ractor.new(app, env) { |its_app, its_env| Exchange.call(its_app, its_env) } }
        end

        # A Ractor cannot be waited for with a limit, or ended.
        def value(ractor, limit)
          waiter = Thread.new { ractor.respond_to?(:value) ? ractor.value : ractor.take }
          waiter.report_on_exception = false
          return ["no end of the answer within #{limit} s"] unless waiter.join(limit)

          waiter.value || ["its Ractor ended before it had answered"]
        rescue Ractor::Error => error
          ["its Ractor ended: #{error.class}"]
        ensure
          waiter.kill
        end

        # Ruby says of the first Ractor that they are experimental, which is known here.
        def quietly
          before = Warning[:experimental]
          Warning[:experimental] = false
          yield
        ensure
          Warning[:experimental] = before
        end

        def finding(request, error, *lines)
          Finding.new(cause: :request, certainty: :certain, what: ["#{request}: #{error}", *lines].join("\n"),
                      place: lines.first.to_s[/\A(.+?:\d+)/, 1], path: request, fix: fix(error, lines))
        end

        def fix(error, lines)
          return Causes::ALL.fetch(:request).fix if error.start_with?("Ractor::", "FrozenError")

          "it may fail in threads too: see #{lines.empty? ? "what the app says in its log" : "the backtrace"}"
        end
      end
    end
  end
end
