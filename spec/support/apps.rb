# frozen_string_literal: true

# Apps that the specs serve: modules, so that Ractors can share them.
module Apps
  TEXT = { "content-type" => "text/plain" }.freeze

  # Makes a module an app: /what-to-do is answered by its method `what_to_do(env)`.
  module Routes
    def call(env) = public_send(env["PATH_INFO"].delete_prefix("/").tr("-", "_"), env)

    private

    def ok(*chunks) = [200, TEXT.dup, chunks]

    # @return [Object] what the block returns, or the class of what it raises
    def outcome
      yield
    rescue StandardError => e
      e.class
    end

    # @return [String] the classes of what the block raises, below StandardError
    def lineage
      yield
    rescue StandardError => e
      e.class.ancestors.take_while { |ancestor| ancestor != StandardError }.inspect
    end
  end
end

require "support/apps/bodies"
require "support/apps/crowd"
require "support/apps/counter"
require "support/apps/deaths"
require "support/apps/depths"
require "support/apps/doors"
require "support/apps/env_dump"
require "support/apps/failures"
require "support/apps/hooks"
require "support/apps/isolation"
require "support/apps/standstill"
require "support/apps/uploads"
require "support/apps/waits"
