# frozen_string_literal: true

require_relative "run"

Bench::Run.start(ARGV)
