# frozen_string_literal: true

require "fileutils"
require "json"
require "socket"

module Bench
  module Chaos
    # Serves the stats of this process's server over a unix socket named after the process, and writes them to a file at
    # exit. A route of the app would need a worker, and count itself.
    class StatsSocket
      # @!visibility private
      # Remembers the server that is started; the app does not get it.
      module RememberServer
        def start
          StatsSocket.server = self
          super
        end
      end

      class << self
        attr_accessor :server

        # @param dir [String] for the socket, and the file
        # @return [void]
        def start(dir)
          require "kino"
          Kino::Server.prepend(RememberServer)
          listener = UNIXServer.new(socket(dir, Process.pid))
          Thread.new { loop { listener.accept.then { |client| reply(client) } } }
          own = Process.pid
          at_exit { File.write(final_stats(dir, own), JSON.generate(server.stats)) if server && Process.pid == own }
        end

        # @return [String] path of the socket of a process
        def socket(dir, pid) = "#{dir}/#{pid}.sock"

        # @return [String] path of a process's final stats
        def final_stats(dir, pid) = "#{dir}/#{pid}.json"

        # @return [Hash{Symbol=>Object}] the stats of a process's server
        def ask(dir, pid)
          JSON.parse(UNIXSocket.open(socket(dir, pid), &:read), symbolize_names: true)
        end

        # @return [Array<Hash>] the stats of all servers when they exited
        def all_final_stats(dir)
          Dir["#{dir}/*.json"].map { |path| JSON.parse(File.read(path), symbolize_names: true) }
        end

        private

        def reply(client)
          client.write(JSON.generate(server.stats))
        rescue SystemCallError
          nil
        ensure
          client.close
        end
      end
    end
  end
end
