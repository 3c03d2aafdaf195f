# frozen_string_literal: true

require "kino"
require "support/captured_stderr"
require "support/http_client"
require "support/rendezvous"

# Helpers of the specs in spec/integration and spec/protocol: servers in this process, their clients, and a stderr that
# must stay empty.
module Servers
  # Defines the same examples in both modes; `mode` is the mode of an example.
  module Modes
    def in_both_modes(&)
      %i[ractor threaded].each do |mode|
        context "in #{mode} mode" do
          let(:mode) { mode }

          class_exec(mode, &)
        end
      end
    end
  end

  # @return [Kino::Server] the server that was started last
  attr_reader :server

  # Starts a server with one worker and one thread; it stops when the example ends.
  # @return [Kino::Server]
  def serve(app, mode: self.mode, **settings)
    @server = Kino::Server.new(app, port: 0, workers: 1, threads: 1, mode:, **settings).start
    @servers << @server
    @server
  end

  # @return [HttpClient] open until the example ends
  def connect(server = self.server, **)
    @clients << HttpClient.open(server.port, **)
    @clients.last
  end

  # An example that calls this checks stderr itself.
  # @return [String] the text on stderr
  def log = @stderr.text

  # @return [Rendezvous] of this example
  def rendezvous = @rendezvous ||= Rendezvous.new

  # @return [Thread] a thread whose exception only #value raises
  def concurrently(&)
    thread = Thread.new(&)
    thread.report_on_exception = false
    thread
  end

  RSpec.configure do |config|
    config.include(self, :servers)
    config.extend(Modes, :servers)

    config.around(:example, :servers) do |example|
      @stderr = CapturedStderr.new
      @servers = []
      @clients = []
      @stderr.capture do
        example.run
      ensure
        @clients.each(&:close)
        @servers.each { |server| server.shutdown(timeout: 0) }
        @rendezvous&.close
      end
      config.reporter.message("What the failed example left on stderr:\n#{@stderr.peek}") if example.exception
      # Must be empty unless the example has looked: no warning from the VM, no lost exception.
      expect(@stderr.peek).to eq("") unless @stderr.checked? || example.exception
    ensure
      @stderr.remove
    end
  end
end
