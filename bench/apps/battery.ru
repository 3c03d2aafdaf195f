# frozen_string_literal: true

require "digest" # or Rack::ETag would load it at the first request, in several Ractors at once
require "digest/sha2"
require "rack"
require_relative "battery"
require_relative "battery_stack"

run BatteryStack
