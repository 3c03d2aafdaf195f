# frozen_string_literal: true

require_relative "../compare/server_process"
require_relative "scenario"
require_relative "stats_socket"
require_relative "traffic"

module Bench
  module Chaos
    # What both kinds of restart share: the traffic meanwhile, and its requirements.
    class Restarts < Scenario
      # Seconds of traffic between two restarts.
      BETWEEN = 0.5

      # Outcomes of requests that count as lost.
      LOST = %i[unanswered broken hung].freeze
      # Outcomes without a response that do not.
      SPARED = %i[refused crossed].freeze

      private

      def port = @port ||= ServerProcess.free_port

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

      # A connection in the backlog, which the server has not accepted, may be lost with the listener.
      def add_lost(counts)
        lost = counts.slice(*LOST).values.sum
        backlog = traffic.connects - StatsSocket.all_final_stats(dir).sum { |stats| stats[:accepted] }
        first = traffic.unanswered[true]
        table.add("connections", "#{traffic.connects}, #{backlog} of them never accepted")
        table.add("requests that met a closed connection", counts.fetch(:crossed, 0))
        table.add("requests lost", "#{lost}, #{first} of them the first of their connection",
                  lost <= spared(first, backlog))
      end

      # @param first [Integer] requests that were lost and were the first of their connections
      # @param backlog [Integer] connections that were never accepted
      # @return [Integer] requests that may be lost
      def spared(first, backlog) = [first, backlog].min
    end

    # The server is stopped with TERM and started again on its port.
    class RestartsTerm < Restarts
      private

      def play
        @times = []
        @exits = Hash.new(0)
        (options.restarts + 1).times do |number|
          new_server(port:, workers: 2).run do |server|
            traffic.start if number.zero?
            sleep BETWEEN
            traffic.stop if number == options.restarts
            stop(server.process)
          end
        end
        add_restarts
        table.add("connections refused between stop and start", add_answers.fetch(:refused, 0))
      end

      def stop(process)
        @times << process.stop
        complaint = process.stderr_lines.first
        @exits["#{process.exit_reason || "does not end"}#{", #{complaint}" if complaint}"] += 1
      end

      def add_restarts
        table.add("restarts", options.restarts)
        table.add("ends", list(@exits), @exits.keys == ["exit 0"])
        table.add("time from TERM to the end", format("%.2f s at most", @times.compact.max || 0))
      end
    end

    # The server is told with USR2 to hand over to a new process.
    class RestartsUsr2 < Restarts
      # Seconds for a new process to be ready, and for the old one to end.
      TIMEOUT = 30

      private

      def play
        new_server(port:, workers: 2, pidfile:).run do |server|
          traffic.start
          @pids = [server.pid]
          @times = []
          options.restarts.times { restart or break }
          sleep BETWEEN
          traffic.stop
          add_restarts
          add_end(server)
          counts = add_answers
          table.add("connections refused", counts.fetch(:refused, 0), counts.fetch(:refused, 0).zero?)
        ensure
          end_last
        end
      end

      def pidfile = "#{dir}/kino.pid"

      # @return [Boolean] whether a new process serves and the old one has ended
      def restart
        sleep BETWEEN
        former = @pids.last
        started = Clock.now
        Process.kill(:USR2, former)
        successor = Clock.wait(TIMEOUT) { pid_other_than(former) } or return false
        @pids << successor
        return false unless Clock.wait(TIMEOUT) { ended?(former) }

        @times << (Clock.now - started)
        true
      end

      def pid_other_than(pid)
        found = File.read(pidfile).to_i
        found if found.positive? && found != pid
      rescue Errno::ENOENT
        nil
      end

      # A zombie has ended too.
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

      # Only the first process is our child; of the others only the pid is known.
      def add_end(server)
        last = @pids.last
        Process.kill(:TERM, last)
        has_ended = Clock.wait(TIMEOUT) { ended?(last) }
        table.add("end on TERM", has_ended ? "ends" : "does not end", !has_ended.nil?)
        add_log(server.process, but: /\Akino: hot restart: process \d+ serves/)
      end

      # None may stay behind, whatever happened. All are in the first one's process group.
      def end_last
        Process.kill(:KILL, -@pids.first) if @pids
      rescue Errno::ESRCH
        nil
      end

      # The socket stays open, so connections in the backlog are served too.
      def spared(_first, _backlog) = 0
    end
  end
end
