# frozen_string_literal: true

require_relative "../../apps/chaos"
require_relative "../sampler"
require_relative "client"
require_relative "server"
require_relative "leftovers"
require_relative "scenario"
require_relative "counter"

module Bench
  module Chaos
    # Workers die in every way and at every moment while other requests are served. Only the request that caused a death
    # may fail, its client must be told, and nothing may be left over.
    class Crashes < Scenario
      CLIENTS = 12
      # Deaths before the measurement: the VM allocates what it keeps for later ones.
      WARM_UP = 100
      # Harmless requests for each deadly one.
      OTHERS = 3
      # Seconds between memory samples.
      INTERVAL = 0.1

      Job = Data.define(:path, :expected, :deadly)
      PLAIN = Job.new(path: "/plain", expected: 200, deadly: false)

      # @param deaths [Integer]
      # @return [Array<Job>] requests of all kinds, always in the same order
      def self.jobs(deaths)
        kinds = ChaosApp::FAILURES.product(ChaosApp::MOMENTS.to_a)
        all = []
        kinds.cycle do |failure, (moment, expected)|
          all << Job.new(path: "/crash?#{failure},#{moment}", expected:, deadly: failure != ChaosApp::SURVIVED)
          break if all.count(&:deadly) == deaths
        end
        (all + Array.new(all.size * OTHERS, PLAIN)).shuffle(random: Random.new(1))
      end

      private

      def play
        new_server(workers: 4).run do |server|
          drive(server, self.class.jobs(WARM_UP))
          leftovers = Leftovers.new(server)
          sampler = Sampler.new(server.pid, every: INTERVAL).start
          started = Clock.now
          drive(server, jobs = self.class.jobs(options.crashes))
          add_answers(jobs, Clock.now - started)
          sizes = sampler.stop.map(&:pss)
          add_respawns(server)
          leftovers.check(sizes, table)
          add_end(server)
        end
      end

      def drive(server, jobs)
        @answers = Counter.new
        @unexpected = Counter.new
        @asked = (@asked || []) + jobs
        queue = Thread::Queue.new(jobs).close
        Array.new(CLIENTS) { Thread.new { work(Client.new(server.uri), queue) } }.each(&:join)
      end

      def work(client, queue)
        while (job = queue.pop)
          answer = client.get(job.path)
          @answers.add(answer.result)
          @unexpected.add([job.path, answer.result]) unless answer.result == job.expected
        end
      ensure
        client.close
      end

      def add_answers(jobs, seconds)
        table.add("requests", format("%<count>d in %<seconds>.1f s, %<deaths>d of them deadly",
                                     count: jobs.size, seconds:, deaths: jobs.count(&:deadly)))
        table.add("answers", @answers, @answers.total == jobs.size)
        table.add("unexpected answers", @unexpected, @unexpected.total.zero?)
      end

      def add_respawns(server)
        deaths = @asked.count(&:deadly)
        Clock.wait(5) { server.stats[:respawns] >= deaths }
        respawns = server.stats[:respawns]
        table.add("respawns", "#{respawns}, expected #{deaths}, including the warm-up", respawns == deaths)
      end

      # The log has one entry for each death and each error, and nothing else.
      def add_end(server)
        add_stop(server.process)
        entries = server.process.stderr_lines.grep_v(/\A(    |  caused by)/).group_by { |line| entry_of(line) }
        counts = entries.transform_values(&:size)
        deadly, others = (@asked - [PLAIN]).partition(&:deadly)
        expected = { "deaths" => deadly.size, "errors" => others.size }
        table.add("log", [list(counts), *entries[:others]&.first].join(": "), counts == expected)
      end

      def entry_of(line)
        case line
        when /died and is replaced/ then "deaths"
        when /\Akino: UncaughtThrowError/ then "errors"
        else :others
        end
      end
    end
  end
end
