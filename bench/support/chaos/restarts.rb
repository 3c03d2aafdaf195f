# frozen_string_literal: true

require_relative "../compare/peer"
require_relative "scenario"
require_relative "stats_host"
require_relative "traffic"

module Bench
  module Chaos
    # What restarts of both kinds have in common: the traffic that goes on meanwhile, and what is demanded of it.
    class Restarts < Scenario
      # Seconds of traffic between two restarts.
      BETWEEN = 0.5

      # What became of requests that were lost.
      LOST = %i[unanswered broken hung].freeze
      # And of those that were not, though they have no answer.
      SPARED = %i[refused crossed].freeze

      private

      def port = @port ||= Peer.free_port

      def traffic = @traffic ||= Traffic.new(URI("http://127.0.0.1:#{port}"))

      def add_answers
        counts = Traffic::KINDS.map { |kind| of_kind(kind) }.reduce { |all, own| all.merge(own) { |_, a, b| a + b } }
        Traffic::KINDS.each { |kind| table.add("requests, #{kind.name}", list(of_kind(kind))) }
        add_lost(counts)
        wrong = counts.except(200, *LOST, *SPARED)
        table.add("other answers than 200", wrong.values.sum, wrong.empty?)
        counts
      end

      def of_kind(kind)
        traffic.answers.to_h.select { |(name, _), _| name == kind.name }.to_h { |(_, sum), count| [sum, count] }
      end

      # A connection that the kernel had made and the server has not accepted may be lost with the listener.
      def add_lost(counts)
        lost = counts.slice(*LOST).values.sum
        backlog = traffic.connects - StatsHost.all_last_words(dir).sum { |stats| stats[:accepted] }
        first = traffic.unanswered[true]
        table.add("connections", "#{traffic.connects}, #{backlog} of them never accepted")
        table.add("requests that met a closed connection", counts.fetch(:crossed, 0))
        table.add("requests lost", "#{lost}, #{first} of them the first of their connection",
                  lost <= spared(first, backlog))
      end

      # @param first [Integer] requests that were lost, the first of their connections
      # @param backlog [Integer] connections that were never accepted
      # @return [Integer] requests that may be lost
      def spared(first, backlog) = [first, backlog].min
    end

    # The server is stopped with TERM and started again on its port.
    class RestartsTerm < Restarts
      private

      def play
        @times = []
        @endings = Hash.new(0)
        (options.restarts + 1).times do |number|
          host(port:, workers: 2).run do |host|
            traffic.start if number.zero?
            sleep BETWEEN
            traffic.stop if number == options.restarts
            stop(host.process)
          end
        end
        add_restarts
        table.add("connections refused between stop and start", add_answers.fetch(:refused, 0))
      end

      def stop(process)
        @times << process.stop
        complaint = process.complaints.first
        @endings["#{process.ending || "does not end"}#{", #{complaint}" if complaint}"] += 1
      end

      def add_restarts
        table.add("restarts", options.restarts)
        table.add("ends", list(@endings), @endings.keys == ["exit 0"])
        table.add("time from TERM to the end", format("%.2f s at most", @times.compact.max || 0))
      end
    end

    # The server is told to hand over to another process of it with USR2.
    class RestartsUsr2 < Restarts
      # Seconds for a new process to be ready, and for the old one to end.
      PATIENCE = 30

      private

      def play
        host(port:, workers: 2, pidfile:).run do |host|
          traffic.start
          @pids = [host.pid]
          @times = []
          options.restarts.times { restart or break }
          sleep BETWEEN
          traffic.stop
          add_restarts
          add_end(host)
          counts = add_answers
          table.add("connections refused", counts.fetch(:refused, 0), counts.fetch(:refused, 0).zero?)
        ensure
          end_last
        end
      end

      def pidfile = "#{dir}/kino.pid"

      # @return [Boolean] whether another process serves, and the former one has ended
      def restart
        sleep BETWEEN
        former = @pids.last
        started = Clock.now
        Process.kill(:USR2, former)
        heir = Clock.wait(PATIENCE) { another_than(former) } or return false
        @pids << heir
        return false unless Clock.wait(PATIENCE) { ended?(former) }

        @times << (Clock.now - started)
        true
      end

      def another_than(pid)
        found = File.read(pidfile).to_i
        found if found.positive? && found != pid
      rescue Errno::ENOENT
        nil
      end

      # One that nobody has waited for yet has ended, too.
      def ended?(pid)
        File.read("/proc/#{pid}/stat")[/\) (\S)/, 1] == "Z"
      rescue Errno::ENOENT, Errno::ESRCH
        true
      end

      def add_restarts
        done = @times.size
        table.add("restarts", "#{done} of #{options.restarts}", done == options.restarts)
        table.add("time from USR2 to the end of the old process", format("%.2f s at most", @times.max || 0))
      end

      # The first one is our child; the others are known by their numbers alone.
      def add_end(host)
        last = @pids.last
        Process.kill(:TERM, last)
        has_ended = Clock.wait(PATIENCE) { ended?(last) }
        table.add("end on TERM", has_ended ? "ends" : "does not end", !has_ended.nil?)
        add_log(host.process, but: /\Akino: hot restart: process \d+ serves/)
      end

      # Whatever happened, none shall stay behind. They are in the group of the first one.
      def end_last
        Process.kill(:KILL, -@pids.first) if @pids
      rescue Errno::ESRCH
        nil
      end

      # The socket stays open, so even a connection that nobody has accepted yet has its turn.
      def spared(_first, _backlog) = 0
    end
  end
end
