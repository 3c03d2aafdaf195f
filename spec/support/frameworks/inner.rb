# frozen_string_literal: true

require "rack"
require "rack/recursive" # defines Rack::ForwardRequest, so that no Ractor has to load it

module Frameworks
  # The app behind the middleware, which Ractors can share.
  module Inner
    TEXT = { "content-type" => "text/plain" }.freeze

    class << self
      def call(env) = answer(env).then { |status, headers, body| [status, headers.dup, body] }

      private

      def answer(env)
        case env["PATH_INFO"]
        when "/tagged" then [200, { **TEXT, "etag" => '"a"' }, ["tagged"]]
        when "/note" then text(env["spec.note"])
        when "/bare" then [200, {}, ["bare"]]
        when "/html" then [200, { "content-type" => "text/html" }, ["html"]]
        when "/json" then [200, { "content-type" => "application/json" }, ["[]"]]
        when "/missing" then [404, {}, []]
        when "/raise" then raise "sorry"
        when "/file" then [200, TEXT, File.open("#{PUBLIC}/page.txt")]
        else stateful(env)
        end
      end

      def stateful(env)
        case env["PATH_INFO"]
        when "/params" then text(env["rack.request.query_hash"].fetch("a"))
        when "/hijacked" then text(env["rack.session"].empty? ? "dropped" : "kept")
        when "/count" then text(count(env["rack.session"]).to_s)
        when "/twice" then text(twice(env["rack.input"]))
        else effects(env)
        end
      end

      def effects(env)
        case env["PATH_INFO"]
        when "/log" then env["rack.logger"].info("nobody reads this")
        when "/tempfile" then env["rack.tempfiles"] << Reaped.new(env["rack.errors"])
        when "/forward" then raise ::Rack::ForwardRequest, "/"
        end
        text("hello #{env["REQUEST_METHOD"]}")
      end

      def count(session) = session[:count] = session.fetch(:count, 0) + 1

      def twice(input)
        first = input.read
        return first unless input.respond_to?(:rewind)

        input.rewind
        first + input.read
      end

      def text(text) = [200, TEXT, [text]]
    end
  end

  # Records the events of Rack::Events.
  class Handler
    include ::Rack::Events::Abstract

    def on_commit(_request, response) = response.set_header("x-handled", "yes")
  end

  # Records that it was closed, as a temporary file must be.
  class Reaped
    def initialize(errors) = @errors = errors

    def close! = @errors.puts("reaped")
  end

  # A fake session, so that middleware that needs one can be tried alone. One session belongs to another client.
  class GivenSession
    def initialize(app) = @app = app

    def call(env)
      env["rack.session"] = env["PATH_INFO"] == "/hijacked" ? { tracking: { "HTTP_USER_AGENT" => "another" } } : {}
      @app.call(env)
    end
  end
end
