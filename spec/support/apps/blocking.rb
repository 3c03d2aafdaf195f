# frozen_string_literal: true

require "support/rendezvous"

module Apps
  # Blocks where the spec wants it to. The query is the path of the {Rendezvous}.
  module Blocking
    extend Routes

    class << self
      def free(_env) = ok("free")

      # Waits at the rendezvous, then responds with the spec's answer.
      def wait(env) = ok(Rendezvous.ask(env["QUERY_STRING"], "waiting"))

      # Sends a piece, waits at the rendezvous, then sends the spec's answer.
      def wait_midway(env)
        path = env["QUERY_STRING"]
        [200, TEXT.dup, lambda { |stream|
          stream << "first "
          stream << Rendezvous.ask(path, "midway")
        }]
      end

      # Waits at the rendezvous, then until the client has left.
      def wait_for_disconnect(env)
        path = env["QUERY_STRING"]
        Rendezvous.ask(path, "waiting")
        Thread.pass until env["kino.request"].disconnected?
        Rendezvous.tell(path, "has left")
        ok("to nobody")
      end

      def whoami(env)
        Rendezvous.ask(env["QUERY_STRING"], "waiting")
        ok("#{Ractor.current.inspect[/#\d+/]} #{Thread.current.object_id}")
      end

      def pid(_env) = ok(Process.pid.to_s)

      # Responds with the names of the service variables and the sockets that a child process inherits.
      def legacy(_env)
        names, links = IO.popen("env | grep -o '^\\(LISTEN\\|KINO\\)[^=]*'; echo -; ls -l /proc/self/fd", &:read)
                         .split("-\n", 2)
        ok("#{names.lines(chomp: true)} #{links.scan(/socket:\[\d+\]/)}")
      end

      def nap(_env) = ok(Kino.sleep(0.001).to_s)

      def sleep_forever(env)
        Rendezvous.tell(env["QUERY_STRING"], "sleeping")
        ok(Kino.sleep(3600).to_s)
      end

      # Forks a child that uses the request of its parent.
      def fork(env)
        pid = Process.fork { exit!(look(env)) }
        ok("child ended with #{Process.wait2(pid).last.exitstatus}")
      end

      def ractor(_env) = ok(Ractor.main? ? "main" : "other")

      def number(env) = ok(env["QUERY_STRING"])

      private

      def look(env)
        request = env["kino.request"]
        read = begin
          request.read_into(+"", 1)
        rescue StandardError => e
          e.class
        end
        Rendezvous.tell(env["QUERY_STRING"], "child: #{[request.frozen?, read].inspect}")
        0
      end
    end
  end
end
