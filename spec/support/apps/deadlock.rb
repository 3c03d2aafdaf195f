# frozen_string_literal: true

require "support/rendezvous"

module Apps
  # Lets all threads of its Ractor wait on one queue.
  module Deadlock
    extend Routes

    class << self
      # Waits for an item that never comes.
      def wait(_env) = ok(news.pop)

      # Starts a thread that waits until all workers of this Ractor wait, reports that, and then waits too.
      def watch(env)
        path, waiting = env["QUERY_STRING"].split("&")
        Thread.new do
          Thread.pass until news.num_waiting == Integer(waiting)
          Rendezvous.tell(path, "all wait")
          news.pop
        end
        ok(news.pop)
      end

      def number(_env) = ok("1")

      private

      def news = Ractor.current[:news] ||= Thread::Queue.new
    end
  end
end
