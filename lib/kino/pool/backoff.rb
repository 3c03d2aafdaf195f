# frozen_string_literal: true

module Kino
  module Pool
    # How long to wait before a worker is started again that died before it could take a request: what kept it from
    # beginning will often keep the next from it, too, and the one after that.
    module Backoff
      # Seconds before the second attempt. It doubles from one to the next.
      FIRST = 0.1
      # The longest wait, in seconds.
      LONGEST = 5.0
      # So many attempts in a row that fail are enough to judge by: about 11 seconds, long enough for a lack of threads
      # or memory to pass, and short enough for whoever has just deployed to be looking.
      ATTEMPTS = 8

      # @param failures [Integer] attempts in a row that failed, 0 for a worker that has served
      # @return [Float] seconds to wait
      def self.delay(failures)
        return 0.0 if failures.zero?

        # Not a power of any size: a worker may be tried for as long as the server runs.
        [FIRST * (2**(failures - 1).clamp(0, 30)), LONGEST].min
      end

      # @param failures [Integer] attempts in a row that failed
      # @return [Boolean] whether that is to be taken for lasting
      def self.exhausted?(failures) = failures >= ATTEMPTS
    end
  end
end
