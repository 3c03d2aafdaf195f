# frozen_string_literal: true

# The apps of the specs. They are modules, which Ractors can share.
module Apps
  TEXT = { "content-type" => "text/plain" }.freeze

  # Makes a module an app that calls its method `what_to_do(env)` for /what-to-do.
  module Routes
    def call(env) = public_send(env["PATH_INFO"].delete_prefix("/").tr("-", "_"), env)

    private

    def ok(*chunks) = [200, TEXT.dup, chunks]

    # @return [Object] the block's result, or the class of the error that it raises
    def outcome
      yield
    rescue StandardError => e
      e.class
    end

    # @return [String] the ancestors of the error that the block raises, up to StandardError
    def lineage
      yield
    rescue StandardError => e
      e.class.ancestors.take_while { |ancestor| ancestor != StandardError }.inspect
    end
  end
end

require "support/apps/blocking"
require "support/apps/bodies"
require "support/apps/counter"
require "support/apps/deadlock"
require "support/apps/deaths"
require "support/apps/deep_stack"
require "support/apps/env_dump"
require "support/apps/failures"
require "support/apps/hooks"
require "support/apps/http2"
require "support/apps/in_flight"
require "support/apps/isolation"
require "support/apps/queue_time"
require "support/apps/uploads"
