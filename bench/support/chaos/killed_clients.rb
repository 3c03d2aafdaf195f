# frozen_string_literal: true

require_relative "../sampler"
require_relative "client"
require_relative "client_processes"
require_relative "leftovers"
require_relative "scenario"

module Bench
  module Chaos
    # Clients are killed in the middle of uploads and downloads. Nothing of them may be left over.
    class KilledClients < Scenario
      # Kills before the measurement: memory grows to what the concurrent clients need at most. After 2,500 kills it
      # still grew (84 to 126 MiB within the next 10,000), and then stayed there: 126 to 130 MiB within 100,000.
      WARM_UP = 10_000
      # Requests afterwards.
      LATER = 100
      # Those that the app is handling when the client dies, so that it notices.
      NOTICED = ClientProcesses::ACTIVITIES.keys.grep(/load/).freeze

      private

      def play
        new_server(workers: 4).run do |server|
          processes = ClientProcesses.new(server.uri)
          processes.run([WARM_UP, options.kills].min)
          Clock.wait(Leftovers::TIMEOUT) { server.pending.values.all?(&:zero?) }
          leftovers = Leftovers.new(server)
          kill(server, processes)
          leftovers.check(@sizes, table)
          add_later(server)
          add_stop(server.process)
          add_log(server.process)
        end
      end

      def kill(server, processes)
        before = server.stats[:disconnects]
        sampler = Sampler.new(server.pid).start
        started = Clock.now
        killed = processes.run(options.kills)
        add_killed(killed, Clock.now - started)
        @sizes = sampler.stop.map(&:pss)
        add_disconnects(server, before, killed.slice(*NOTICED).values.sum)
      end

      def add_killed(killed, seconds)
        count = killed.values.sum
        table.add("killed", format("%<count>d in %<seconds>.1f s", count:, seconds:),
                  !killed.key?(:failed) && count == options.kills)
        table.add("in the middle of", list(killed))
      end

      def add_disconnects(server, before, expected)
        Clock.wait(5) { server.stats[:disconnects] - before >= expected }
        seen = server.stats[:disconnects] - before
        table.add("disconnects in the stats", "#{seen}, expected #{expected}", seen == expected)
      end

      def add_later(server)
        client = Client.new(server.uri)
        results = Array.new(LATER) { client.get("/plain").result }.tally
        client.close
        table.add("answers afterwards", list(results), results == { 200 => LATER })
        respawns = server.stats[:respawns]
        table.add("workers that died", respawns, respawns.zero?)
      end
    end
  end
end
