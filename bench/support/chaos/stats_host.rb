# frozen_string_literal: true

require "fileutils"
require "json"
require "socket"

module Bench
  module Chaos
    # Says how the server of this process is, to whoever connects to a socket named for the process, and at its end in a
    # file. It is no route of the app: that would need a worker, and count itself.
    class StatsHost
      # @!visibility private
      # Keeps the server that is started, of which the app is not told.
      module Kept
        def start
          StatsHost.server = self
          super
        end
      end

      class << self
        attr_accessor :server

        # @param dir [String] for the socket, and the file
        # @return [void]
        def start(dir)
          require "kino"
          Kino::Server.prepend(Kept)
          listener = UNIXServer.new(socket(dir, Process.pid))
          Thread.new { loop { listener.accept.then { |client| tell(client) } } }
          own = Process.pid
          at_exit { File.write(last_words(dir, own), JSON.generate(server.stats)) if server && Process.pid == own }
        end

        # @return [String] path of the socket of a process
        def socket(dir, pid) = "#{dir}/#{pid}.sock"

        # @return [String] path of what a process said at its end
        def last_words(dir, pid) = "#{dir}/#{pid}.json"

        # @return [Hash{Symbol=>Object}] how the server of a process is
        def ask(dir, pid)
          JSON.parse(UNIXSocket.open(socket(dir, pid), &:read), symbolize_names: true)
        end

        # @return [Array<Hash>] how all servers were when they ended
        def all_last_words(dir)
          Dir["#{dir}/*.json"].map { |path| JSON.parse(File.read(path), symbolize_names: true) }
        end

        private

        def tell(client)
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
