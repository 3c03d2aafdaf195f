# frozen_string_literal: true

module Bench
  # Monotonic time, and polling with a timeout.
  module Clock
    module_function

    # @return [Float]
    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # @param seconds [Numeric] how long to poll
    # @param every [Numeric] seconds between polls
    # @return [Object, nil] the first truthy value of the block; nil after the timeout
    def wait(seconds, every: 0.02)
      deadline = now + seconds
      loop do
        found = yield
        return found if found
        return if now > deadline

        sleep every
      end
    end
  end
end
