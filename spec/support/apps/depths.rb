# frozen_string_literal: true

module Apps
  # Waits for its client on a stack that is nearly used up.
  module Depths
    extend Routes

    # Where waiting begins; far below it is where the stack ends.
    TOP = 200

    class << self
      def alive(_env) = ok("alive")

      # Reads a byte at each level until there are no more levels.
      def read(env)
        input = env["rack.input"]
        descend { input.read(1) }
        ok("back")
      end

      # The same with writing.
      def write(_env)
        [200, TEXT.dup, lambda { |stream|
          descend { stream << ("w" * 8192) }
          stream << "back"
          stream.close
        }]
      end

      private

      def descend(depth = 0, &wait)
        # Through a frame of C at each level, so that it is the machine's stack that ends.
        { a: 1 }.each do
          wait.call if depth > TOP
          descend(depth + 1, &wait)
        end
      rescue SystemStackError
        nil
      end
    end
  end
end
