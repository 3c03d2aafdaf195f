# frozen_string_literal: true

require_relative "../../apps/chaos"
require_relative "../sampler"
require_relative "client"
require_relative "host"
require_relative "residue"
require_relative "scenario"
require_relative "tally"

module Bench
  module Chaos
    # Workers that die in every way and at every moment, while others are asked for something. Nobody but who asked for
    # it may notice, who did has to be told, and afterwards all is as it was.
    class Crashes < Scenario
      CLIENTS = 12
      # Deaths before anything counts: until then the VM makes what it keeps for the next ones.
      WARM_UP = 100
      # Requests that ask for no death, for each that does.
      OTHERS = 3
      # Seconds between two looks at the memory.
      EVERY = 0.1

      Job = Data.define(:path, :expected, :deadly)
      PLAIN = Job.new(path: "/plain", expected: 200, deadly: false)

      # @param deaths [Integer]
      # @return [Array<Job>] requests of all kinds, in an order that is the same each time
      def self.jobs(deaths)
        kinds = ChaosApp::WAYS.product(ChaosApp::MOMENTS.to_a)
        all = []
        kinds.cycle do |way, (moment, expected)|
          all << Job.new(path: "/crash?#{way},#{moment}", expected:, deadly: way != ChaosApp::SURVIVED)
          break if all.count(&:deadly) == deaths
        end
        (all + Array.new(all.size * OTHERS, PLAIN)).shuffle(random: Random.new(1))
      end

      private

      def play
        host(workers: 4).run do |host|
          drive(host, self.class.jobs(WARM_UP))
          residue = Residue.new(host)
          sampler = Sampler.new(host.pid, every: EVERY).start
          started = Clock.now
          drive(host, jobs = self.class.jobs(options.crashes))
          add_answers(jobs, Clock.now - started)
          sizes = sampler.stop.map(&:pss)
          add_respawns(host)
          residue.judge(sizes, table)
          add_end(host)
        end
      end

      def drive(host, jobs)
        @answers = Tally.new
        @surprises = Tally.new
        @asked = (@asked || []) + jobs
        queue = Thread::Queue.new(jobs).close
        Array.new(CLIENTS) { Thread.new { work(Client.new(host.uri), queue) } }.each(&:join)
      end

      def work(client, queue)
        while (job = queue.pop)
          answer = client.get(job.path)
          @answers.add(answer.sum)
          @surprises.add([job.path, answer.sum]) unless answer.sum == job.expected
        end
      ensure
        client.close
      end

      def add_answers(jobs, seconds)
        table.add("requests", format("%<count>d in %<seconds>.1f s, %<deaths>d of them deadly",
                                     count: jobs.size, seconds:, deaths: jobs.count(&:deadly)))
        table.add("answers", @answers, @answers.total == jobs.size)
        table.add("answered otherwise than expected", @surprises, @surprises.total.zero?)
      end

      def add_respawns(host)
        deaths = @asked.count(&:deadly)
        Clock.wait(5) { host.stats[:respawns] >= deaths }
        respawns = host.stats[:respawns]
        table.add("respawns", "#{respawns}, expected #{deaths} with those of the warm-up", respawns == deaths)
      end

      # Each death has its line, each error its entry, and there is nothing else.
      def add_end(host)
        add_stop(host.process)
        entries = host.process.complaints.grep_v(/\A(    |  caused by)/).group_by { |line| entry_of(line) }
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
