# frozen_string_literal: true

require "kino"
require "support/apps"
require "support/log"
require "support/meeting"
require "support/wire"

# What specs over real sockets share.
module Integration
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

  # Seconds until a condition counts as missed; a guard against hanging.
  LIMIT = 20

  # A started server, which the end of the example stops.
  # @return [Kino::Server]
  def serve(app, mode: self.mode, **settings)
    server = Kino::Server.new(app, port: 0, workers: 1, threads: 1, mode:, **settings).start
    @servers << server
    server
  end

  # @return [Wire] open until the end of the example
  def connect(server)
    wire = Wire.open(server.port)
    @wires << wire
    wire
  end

  # @return [Log]
  attr_reader :log

  # @return [Meeting] of this example
  def meeting = @meeting ||= Meeting.new

  # What has no event to wait for (a counter, a line in the log) is asked for again and again.
  def eventually(what = "the condition holds")
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + LIMIT
    until (result = yield)
      raise "never: #{what}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      sleep 0.001 # only to leave the core to those who are looked at
    end
    result
  end

  # @return [Boolean] whether nobody listens there
  def refused?(port)
    Wire.open(port).close
    false
  rescue Errno::ECONNREFUSED
    true
  rescue Errno::ECONNRESET
    false # it was in the line of those that were not accepted yet
  end

  # Runs in a thread of its own; its value is waited for at the end of the example too.
  # @return [Thread]
  def concurrently(&)
    thread = Thread.new(&)
    thread.report_on_exception = false
    thread
  end

  RSpec.configure do |config|
    config.define_derived_metadata(file_path: %r{/spec/integration/}) { |metadata| metadata[:integration] = true }
    config.include(self, :integration)
    config.extend(Modes, :integration)

    config.around(:example, :integration) do |example|
      @log = Log.new
      @servers = []
      @wires = []
      @log.capture do
        example.run
      ensure
        @wires.each(&:close)
        @servers.each { |server| server.shutdown(timeout: 0) }
        @meeting&.close
      end
      config.reporter.message("What the failed example left on stderr:\n#{@log.peek}") if example.exception
      # Nobody has asked for the log, so nothing may be in it: no warning of the VM, no exception that got lost.
      expect(@log.peek).to eq("") unless @log.asked? || example.exception
    ensure
      @log.remove
    end
  end
end
