# frozen_string_literal: true

require "etc"
require_relative "battery"
require_relative "ractor_pool"

run RactorPool.new(BatteryApp, size: Etc.nprocessors)
