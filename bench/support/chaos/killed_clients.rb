# frozen_string_literal: true

require_relative "../sampler"
require_relative "client"
require_relative "mortals"
require_relative "residue"
require_relative "scenario"

module Bench
  module Chaos
    # Clients that are killed in the middle of uploads and downloads. Nothing of them stays.
    class KilledClients < Scenario
      # Deaths before anything counts: the memory grows to what the most clients at a time need at once. After 2,500 it
      # still grew (84 to 126 MiB within the next 10,000) to where it stayed: 126 to 130 MiB within 100,000.
      WARM_UP = 10_000
      # Requests afterwards.
      LATER = 100
      # What the server's app has begun when the client dies, so that it is missed.
      MISSED = Mortals::DEEDS.keys.grep(/load/).freeze

      private

      def play
        host(workers: 4).run do |host|
          mortals = Mortals.new(host.uri)
          mortals.run([WARM_UP, options.kills].min)
          Clock.wait(Residue::PATIENCE) { host.pending.values.all?(&:zero?) }
          residue = Residue.new(host)
          kill(host, mortals)
          residue.judge(@sizes, table)
          add_later(host)
          add_stop(host.process)
          add_log(host.process)
        end
      end

      def kill(host, mortals)
        before = host.stats[:disconnects]
        sampler = Sampler.new(host.pid).start
        started = Clock.now
        killed = mortals.run(options.kills)
        add_killed(killed, Clock.now - started)
        @sizes = sampler.stop.map(&:pss)
        add_disconnects(host, before, killed.slice(*MISSED).values.sum)
      end

      def add_killed(killed, seconds)
        count = killed.values.sum
        table.add("killed", format("%<count>d in %<seconds>.1f s", count:, seconds:),
                  !killed.key?(:failed) && count == options.kills)
        table.add("in the middle of", list(killed))
      end

      def add_disconnects(host, before, expected)
        Clock.wait(5) { host.stats[:disconnects] - before >= expected }
        seen = host.stats[:disconnects] - before
        table.add("disconnects in the stats", "#{seen}, expected #{expected}", seen == expected)
      end

      def add_later(host)
        client = Client.new(host.uri)
        sums = Array.new(LATER) { client.get("/plain").sum }.tally
        client.close
        table.add("answers afterwards", list(sums), sums == { 200 => LATER })
        respawns = host.stats[:respawns]
        table.add("workers that died", respawns, respawns.zero?)
      end
    end
  end
end
