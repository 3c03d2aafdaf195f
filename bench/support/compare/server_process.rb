# frozen_string_literal: true

require "fileutils"
require "socket"
require_relative "../../../spec/support/http_client"
require_relative "../clock"
require_relative "process_tree"
require_relative "ruby_environment"

module Bench
  # The process of a server under measurement, from its start to its end.
  class ServerProcess
    # Seconds to wait for the port, for the first response, and for the process to end.
    FREE = 20
    BOOT = 60
    STOP = 15

    class Failed < StandardError; end

    # @return [Integer] a port that was free a moment ago
    def self.free_port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }

    attr_reader :url, :tree

    # @param launcher [#command, #environment]
    # @param port [Integer]
    # @param topology [Topology]
    def initialize(launcher, port:, topology:)
      @launcher = launcher
      @port = port
      @topology = topology
      @url = "http://127.0.0.1:#{port}"
    end

    # Runs the block with the server, and ends it afterwards, whatever happens.
    # @yieldparam server [ServerProcess]
    def run
      wait_for_port
      spawn
      wait_for_answer
      yield self
    ensure
      stop
    end

    # @param row [Row]
    # @return [HttpClient::Response]
    def ask(row)
      return HttpClient.get(@port, row.path) unless row.body

      HttpClient.request(@port, "POST", row.path, {}, "x" * row.body)
    end

    private

    def wait_for_port
      Clock.wait(FREE, every: 0.05) { free? } or raise Failed, "port #{@port} does not become free"
    end

    def free?
      TCPServer.open("127.0.0.1", @port) { true }
    rescue Errno::EADDRINUSE
      false
    end

    def spawn
      @log = "#{ROOT}/tmp/bench/#{Process.pid}-server.log"
      FileUtils.mkdir_p(File.dirname(@log))
      # A group of its own, so that its children can be ended with it.
      @pid = Process.spawn(@launcher.environment, *@launcher.command(@port, @topology),
                           in: :close, out: @log, err: %i[child out], pgroup: true, chdir: ROOT)
      @tree = ProcessTree.new(@pid)
    end

    def wait_for_answer
      ready = Clock.wait(BOOT, every: 0.05) do
        raise Failed, "ended at once: #{final_stats}" if ended?

        answers?
      end
      raise Failed, "no answer after #{BOOT} s: #{final_stats}" unless ready
    end

    def answers?
      # Any response will do: not every app has that route, and the runner checks the first response of each row.
      HttpClient.get(@port, "/plaintext")
      true
    rescue IOError, SystemCallError
      false
    end

    def final_stats = File.readlines(@log, chomp: true).first(3).join(" / ")[0, 400]

    def ended? = @ended ||= !Process.wait(@pid, Process::WNOHANG).nil?

    def stop
      return unless @pid

      Process.kill(:TERM, @pid) unless ended?
      Clock.wait(STOP) { ended? }
      # Whatever is left of the group: the server, or a child that it left behind.
      Process.kill(:KILL, -@pid)
      Clock.wait(STOP) { ended? }
    rescue Errno::ESRCH
      nil
    end
  end
end
