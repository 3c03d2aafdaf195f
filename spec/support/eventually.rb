# frozen_string_literal: true

# For conditions without an event to wait for, such as a counter or a line in the log.
module Eventually
  # Seconds.
  TIMEOUT = 20

  # Polls until the block returns something truthy.
  # @param what [String] for the failure message
  # @return [Object] the block's result
  def eventually(what = "the condition holds")
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + TIMEOUT
    until (result = yield)
      raise "never: #{what}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      sleep 0.001 # leaves the core to the code under test
    end
    result
  end
end
