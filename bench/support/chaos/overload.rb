# frozen_string_literal: true

require_relative "client"
require_relative "scenario"
require_relative "counter"

module Bench
  module Chaos
    # Four times as many requests as the workers can serve. Those that are served must be in time, the others must get a
    # 503, and the server must recover at once.
    class Overload < Scenario
      WORKERS = 2
      # In milliseconds; all other times are in seconds.
      SERVICE_MS = 20
      SERVICE = SERVICE_MS / 1000.0
      QUEUE_DEPTH = 4
      QUEUE_TIMEOUT = 0.5
      # Requests a second that the workers can serve, and how many times that arrives.
      CAPACITY = WORKERS / SERVICE
      FACTOR = 4
      # From the queue to the response.
      WITHIN = (QUEUE_DEPTH / CAPACITY) + SERVICE
      # What a busy machine may add; all clients run on it too.
      SLACK = 0.15
      LIMIT = QUEUE_TIMEOUT + WITHIN + SLACK
      # Each client sends on a fixed schedule, with a period longer than any response may take, so that late responses
      # do not reduce the load.
      PERIOD = LIMIT + 0.1
      CLIENTS = (CAPACITY * FACTOR * PERIOD).ceil
      # Requests after the overload, one after the other.
      LATER = 20
      # The share of the capacity that must be used, and of the load that must arrive, for a valid run.
      USED = 0.8

      private

      def play
        flags = { workers: WORKERS, threads: 1, queue_depth: QUEUE_DEPTH, queue_timeout: QUEUE_TIMEOUT }
        new_server(**flags).run do |server|
          @answers = []
          @clients = Array.new(CLIENTS) { Client.new(server.uri) }
          seconds = overload
          add_load(seconds)
          add_answers(server, seconds)
          add_recovery(server)
          @clients.each(&:close)
          add_stop(server.process)
        end
      end

      # @return [Float] seconds
      def overload
        started = Clock.now
        threads = @clients.each_with_index.map do |client, number|
          Thread.new { send_on_schedule(client, started + (PERIOD * number / CLIENTS), started + options.seconds) }
        end
        @answers = threads.flat_map(&:value)
        Clock.now - started
      end

      def send_on_schedule(client, due, deadline)
        answers = []
        while due < deadline
          sleep [due - Clock.now, 0].max
          answers << client.get("/sleep?#{SERVICE_MS}")
          due += PERIOD
        end
        answers
      end

      def add_load(seconds)
        table.add("capacity", format("%<rate>d/s: %<workers>d workers, %<service>d ms a request",
                                     rate: CAPACITY, workers: WORKERS, service: SERVICE_MS))
        rate = @answers.size / seconds
        table.add("load", format("%<count>d requests, %<rate>d/s, for %<seconds>.1f s",
                                 count: @answers.size, rate:, seconds:), rate >= CAPACITY * FACTOR * USED)
      end

      def add_answers(server, seconds)
        results = @answers.map(&:result).tally
        table.add("answers", list(results), (results.keys - [200, 503]).empty?)
        add_good(@answers.select { |answer| answer.result == 200 }, seconds)
        add_full(@answers.select { |answer| answer.result == 503 }, server)
      end

      def add_good(good, seconds)
        table.add("answered 200", format("%d/s", good.size / seconds), good.size / seconds >= CAPACITY * USED)
        add_times("200", good)
      end

      def add_full(full, server)
        add_times("503", full)
        bare = full.count { |answer| answer.headers["retry-after"].to_i < 1 }
        table.add("503 without retry-after", bare, bare.zero?)
        rejected = server.stats[:rejected]
        table.add("rejected in the stats", rejected, rejected == full.size)
      end

      def add_times(name, answers)
        times = answers.map { |answer| answer.seconds * 1000 }.sort
        return table.add("time of a #{name}", "there is none", false) if times.empty?

        p50, p99 = [0.5, 0.99].map { |part| times[(times.size * part).floor] }
        table.add("time of a #{name}", format("p50 %<p50>d ms, p99 %<p99>d ms, max %<max>d ms; p99 may be %<limit>d ms",
                                              p50:, p99:, max: times.last, limit: LIMIT * 1000), p99 <= LIMIT * 1000)
      end

      # Starts when all of the load has been answered.
      def add_recovery(server)
        pending = server.pending.slice(:queued, :in_flight)
        table.add("after the last answer", pending.map { |name, count| "#{name} #{count}" }.join(", "),
                  pending.values.all?(&:zero?))
        later = Array.new(LATER) { @clients.first.get("/sleep?#{SERVICE_MS}") }
        results = later.map(&:result).tally
        slowest, limit = [later.map(&:seconds).max, SERVICE + SLACK].map { |seconds| seconds * 1000 }
        table.add("the next #{LATER}", format("%<results>s, %<slowest>d ms at most, may be %<limit>d ms",
                                              results: list(results), slowest:, limit:),
                  results == { 200 => LATER } && slowest <= limit)
      end
    end
  end
end
