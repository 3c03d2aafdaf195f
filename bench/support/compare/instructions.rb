# frozen_string_literal: true

require "fileutils"
require_relative "../../../spec/support/http_client"
require_relative "columns"
require_relative "server_process"
require_relative "rows"

module Bench
  # How many instructions a request takes in the program, counted by valgrind's callgrind. Unlike time, the count hardly
  # depends on other load. Instructions in the kernel are not counted.
  class Instructions
    # The ratio is that of the first to the second.
    COLUMNS = %w[engine hyper].freeze
    # Seconds for a response; valgrind is slow.
    TIMEOUT = 30

    # An engine example under callgrind.
    class Launcher
      # @param launcher [RustLauncher]
      # @param output [String] path of what callgrind writes
      def initialize(launcher, output)
        @launcher = launcher
        @output = output
      end

      def environment = @launcher.environment

      # Fair scheduling, or a polling thread would starve the others on the single core that valgrind emulates.
      def command(port, topology)
        ["valgrind", "--tool=callgrind", "--fair-sched=yes", "--callgrind-out-file=#{@output}",
         *@launcher.command(port, topology)]
      end
    end

    # @return [Boolean]
    def self.available? = ENV.fetch("PATH", "").split(":").any? { |dir| File.executable?("#{dir}/valgrind") }

    # @param requests [Integer] the count is the difference between a run of twice as many and one of this many
    # @param connections [Integer] kept alive; each sends its next request when all have their responses
    # @param workers [Integer]
    def initialize(requests: 20_000, connections: 16, workers: 2)
      @batches = (requests / connections.to_f).ceil
      @connections = connections
      @workers = workers
    end

    # @return [Hash{String=>Float}] instructions a request, by column; columns that cannot run here are left out
    def run
      COLUMNS.to_h do |name|
        launcher = Columns.named([name]).first.launcher
        [name, launcher.skip_reason ? nil : (count(launcher, 2 * @batches) - count(launcher, @batches)) / requests]
      end.compact
    end

    # @return [Float]
    def requests = (@batches * @connections).to_f

    private

    def count(launcher, batches)
      output = "#{ROOT}/tmp/bench/#{Process.pid}-callgrind.out"
      port = ServerProcess.free_port
      topology = Topology.new(workers: @workers, threads: nil)
      ServerProcess.new(Launcher.new(launcher, output), port:, topology:).run { drive(port, batches) }
      File.read(output)[/^totals: (\d+)/, 1].to_i
    ensure
      FileUtils.rm_f(output)
    end

    def drive(port, batches)
      clients = Array.new(@connections) { HttpClient.open(port, timeout: TIMEOUT) }
      batches.times do
        clients.each { |client| client.send_head("GET", "/plaintext", "host" => "bench") }
               .each { |client| check(client.read_response) }
      end
    ensure
      clients&.each(&:close)
    end

    def check(response)
      raise ServerProcess::Failed, "answers #{response}" unless response.body == BatteryApp::HELLO
    end
  end
end
