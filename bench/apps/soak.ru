# frozen_string_literal: true

require_relative "soak"

run SoakApp
