# frozen_string_literal: true

require "kino/pool/ending"
require "kino/pool/launcher"
require "kino/worker"

module Kino
  module Pool
    # The threads of one worker Ractor that has several. One that dies is replaced, and the others go on meanwhile. One
    # that dies before it could begin is not: whoever started the Ractor hears of it, and knows what to do.
    class Crew
      # @param size [Integer] how many threads
      # @param name [String] prefix of the threads' names
      # @param work [Hash{Symbol => Object}] for {Worker.run}
      # @yieldparam ending [Ending] of one of the threads
      def initialize(size:, name:, work:, &tell)
        @size = size
        @name = name
        @work = work
        @tell = tell
        @ended = Thread::Queue.new
      end

      # Returns when no thread is left.
      # @return [void]
      def run
        @size.times { |number| start("#{@name}-#{number + 1}") }
        left = @size
        while left.positive?
          name, ending = @ended.pop(timeout: Launcher::LONGEST_WAIT)
          next unless ending

          @tell.call(ending)
          ending.stage == :serving ? start(name) : left -= 1
        end
      end

      private

      def start(name)
        Thread.new do
          Thread.current.name = name
          Thread.current.report_on_exception = false
          Worker.run(**@work) { |ending| @ended << [name, ending] }
        end
      rescue *ErrorLog::RESCUED, NoMemoryError => error # no thread left
        @ended << [name, Ending.of(:boot, error)]
      end
    end
  end
end
