# frozen_string_literal: true

require "rack"
require_relative "battery"

# BatteryApp, and /stack: the plaintext response through eight of Rack's middlewares.
module BatteryStack
  # Rack never changes these two but does not freeze them, and a Ractor may not read unfrozen constants.
  Ractor.make_shareable(Rack::Utils::STATUS_WITH_NO_ENTITY_BODY)
  Ractor.make_shareable(Rack::MethodOverride::ALLOWED_METHODS)

  # The app behind the middlewares.
  module Plain
    def self.call(_env) = [200, { "content-type" => "text/plain" }, [BatteryApp::HELLO]]
  end

  # Innermost first.
  MIDDLEWARES = [Rack::ContentType, Rack::ContentLength, Rack::ETag, Rack::ConditionalGet, Rack::Head,
                 Rack::MethodOverride, Rack::TempfileReaper, Rack::Runtime].freeze

  STACK = Ractor.make_shareable(MIDDLEWARES.inject(Plain) { |app, middleware| middleware.new(app) })

  def self.call(env) = env["PATH_INFO"] == "/stack" ? STACK.call(env) : BatteryApp.call(env)
end
