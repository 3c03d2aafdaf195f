# frozen_string_literal: true

module Apps
  # Responds with the time that the request waited for a worker.
  module QueueTime
    def self.call(env) = [200, {}, [env.fetch("kino.queue_ms", "none").to_s]]
  end
end
