# frozen_string_literal: true

module Bench
  # Monotonic seconds, and waiting with an end.
  module Clock
    module_function

    # @return [Float]
    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # @param seconds [Numeric] how long to try at most
    # @param every [Numeric] seconds between two tries
    # @return [Object, nil] the first truthy value of the block; nil when the time is over
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
