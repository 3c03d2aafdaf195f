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

      # Of an answer that has no end by then.
      LATE = "it had not answered"
      private_constant :LATE

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
          case outcome
          when true then []
          when :hijacked then [untried(request)]
          else [finding(request, *outcome)]
          end
        end

        # @param request [String]
        # @return [Hash] with what a server gives, but for what {Exchange} adds, which cannot be sent
        # @raise [ConfigError] for what is not a request
        def env(request)
          parts = FORM.match(request) if text?(request)
          parts or raise ConfigError, "not a request: #{request.inspect} (give a method and a path, such as \"GET /\")"
          { "REQUEST_METHOD" => parts[:method], "PATH_INFO" => parts[:path], "QUERY_STRING" => parts[:query].to_s,
            "SCRIPT_NAME" => "", "SERVER_NAME" => "localhost", "SERVER_PORT" => "80", "HTTP_HOST" => "localhost",
            "SERVER_PROTOCOL" => "HTTP/1.1", "REMOTE_ADDR" => "127.0.0.1", "REMOTE_PORT" => "49152",
            "rack.url_scheme" => "http", "rack.hijack?" => true }
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
          return ["#{LATE} after #{limit} s"] unless waiter.join(limit)

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

        def untried(request)
          Finding.new(cause: :untried, certainty: :possible, place: nil, path: request,
                      what: "#{request}: not tried to the end: it hijacks the connection",
                      fix: Causes::ALL.fetch(:untried).fix)
        end

        # Threads raise nothing of what Ractors do; what is frozen, the check would have the app freeze.
        def finding(request, error, *lines)
          cause = error.start_with?("Ractor::", "FrozenError") ? :request : :failure
          Finding.new(cause:, certainty: :certain, what: ["#{request}: #{error}", *lines].join("\n"),
                      place: lines.first.to_s[/\A(.+?:\d+)/, 1], path: request, fix: fix(cause, error, lines))
        end

        def fix(cause, error, lines)
          return Causes::ALL.fetch(cause).fix if lines.any? || cause == :request
          return "it may fail in threads too: see why it takes that long" if error.start_with?(LATE)

          "it may fail in threads too: see what the app says in its log"
        end
      end
    end
  end
end
