# frozen_string_literal: true

require "kino"
require "support/captured_stderr"
require "support/http_client"
require "support/rendezvous"

# What the specs in spec/integration and spec/protocol share: servers in this process, clients of them, and a stderr
# that has to stay empty.
module Servers
  # Describes the same for both modes; `mode` says which.
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

  # @return [Kino::Server] the last that was started
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

  # An example that calls this knows what to expect on stderr.
  # @return [String] what was written to it
  def log = @stderr.text

  # @return [Rendezvous] of this example
  def rendezvous = @rendezvous ||= Rendezvous.new

  # @return [Thread] its exception is raised by #value alone
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
      # Nothing may be there unless the example looked: no warning of the VM, no exception that got lost.
      expect(@stderr.peek).to eq("") unless @stderr.checked? || example.exception
    ensure
      @stderr.remove
    end
  end
end
