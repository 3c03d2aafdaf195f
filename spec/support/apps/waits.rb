# frozen_string_literal: true

module Apps
  # Says how long its request waited for a worker.
  module Waits
    def self.call(env) = [200, {}, [env.fetch("kino.queue_ms", "none").to_s]]
  end
end
