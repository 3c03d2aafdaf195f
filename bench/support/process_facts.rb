# frozen_string_literal: true

module Bench
  # What Linux reports about a running process.
  module ProcessFacts
    module_function

    # @param pid [Integer]
    # @return [Integer, nil] proportional set size in KiB: what the process adds to the memory in use; nil once it has
    #   ended
    def pss(pid)
      File.read("/proc/#{pid}/smaps_rollup")[/^Pss:\s+(\d+) kB/, 1]&.to_i
    rescue Errno::ENOENT, Errno::ESRCH
      nil
    end

    # @param pid [Integer]
    # @return [Integer, nil]
    def threads(pid)
      File.read("/proc/#{pid}/status")[/^Threads:\s+(\d+)/, 1]&.to_i
    rescue Errno::ENOENT, Errno::ESRCH
      nil
    end

    # @param pid [Integer]
    # @return [Integer, nil] open file descriptors
    def descriptors(pid)
      Dir.children("/proc/#{pid}/fd").size
    rescue Errno::ENOENT, Errno::ESRCH
      nil
    end

    # @return [Boolean] whether this system reports it
    def available?
      File.readable?("/proc/self/smaps_rollup")
    end
  end
end
