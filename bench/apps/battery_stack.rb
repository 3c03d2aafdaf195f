# frozen_string_literal: true

require "rack"
require_relative "battery"

# BatteryApp, and at /stack the same plain answer through eight of Rack's own middlewares.
module BatteryStack
  # Rack does not freeze these two, which keeps the middlewares that read them out of Ractors. They never change.
  Ractor.make_shareable(Rack::Utils::STATUS_WITH_NO_ENTITY_BODY)
  Ractor.make_shareable(Rack::MethodOverride::ALLOWED_METHODS)

  # What the middlewares stand before.
  module Plain
    def self.call(_env) = [200, { "content-type" => "text/plain" }, [BatteryApp::HELLO]]
  end

  # The innermost first.
  MIDDLEWARES = [Rack::ContentType, Rack::ContentLength, Rack::ETag, Rack::ConditionalGet, Rack::Head,
                 Rack::MethodOverride, Rack::TempfileReaper, Rack::Runtime].freeze

  STACK = Ractor.make_shareable(MIDDLEWARES.inject(Plain) { |app, middleware| middleware.new(app) })

  def self.call(env) = env["PATH_INFO"] == "/stack" ? STACK.call(env) : BatteryApp.call(env)
end
