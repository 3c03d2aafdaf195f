# frozen_string_literal: true

module Apps
  # Waits for its client on a stack that is almost exhausted.
  module DeepStack
    extend Routes

    # The depth from which it waits; the stack ends far below.
    TOP = 200

    class << self
      def alive(_env) = ok("alive")

      # Reads a byte at each level until the stack ends.
      def read(env)
        input = env["rack.input"]
        descend { input.read(1) }
        ok("back")
      end

      # Writes at each level until the stack ends.
      def write(_env)
        [200, TEXT.dup, lambda { |stream|
          descend { stream << ("w" * 8192) }
          stream << "back"
          stream.close
        }]
      end

      private

      def descend(depth = 0, &wait)
        # A C frame at each level, so that the machine stack ends first.
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
