# frozen_string_literal: true

require "support/rendezvous"

module Apps
  # Has all threads of its Ractor wait for one another.
  module Standstill
    extend Routes

    class << self
      # Waits for news that never comes.
      def wait(_env) = ok(news.pop)

      # Starts a thread that waits like the others, once all of those that serve here do, and tells before it.
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
