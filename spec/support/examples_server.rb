# frozen_string_literal: true

require "net/http"
require "rbconfig"
require "socket"
require "tempfile"

# One of examples/, served by the command in a process of its own, under Rack::Lint or as it stands.
class ExamplesServer
  ROOT = File.expand_path("../..", __dir__)
  COMMAND = [RbConfig.ruby, "-I#{ROOT}/lib", "#{ROOT}/exe/kino", "--port", "0"].freeze
  HOST = "127.0.0.1"

  attr_reader :port, :banner

  # @param name [String] a folder in examples/
  # @param options [Array<String>] of the command
  # @param linted [Boolean] whether Rack::Lint looks on
  def initialize(name, options, linted:)
    rackup = linted ? "spec/support/rackups/linted.ru" : "examples/#{name}/config.ru"
    @log = Tempfile.new("kino-stderr")
    @out, writer = IO.pipe
    @pid = Process.spawn({ "KINO_EXAMPLE" => name }, *COMMAND, *options, "#{ROOT}/#{rackup}", out: writer, err: @log)
    writer.close
    @banner = +""
    until (@port = @banner[/^listening: http:\S+:(\d+)$/, 1]&.to_i)
      @banner << (@out.gets || raise("it did not start: #{@banner}#{log}"))
    end
  end

  # Ends the process as a service manager would.
  # @return [Process::Status, nil] nil if it has ended before
  def stop
    return unless @pid

    Process.kill(:TERM, @pid)
    Process.wait2(@pid).last
  ensure
    @pid = nil
    @out.close
  end

  # @return [String] what was written to its stderr
  def log = File.read(@log.path)

  # @return [Net::HTTPResponse]
  def get(path, headers = {}) = Net::HTTP.start(HOST, port) { |http| http.get(path, headers) }

  # @param form [String] encoded
  # @return [Net::HTTPResponse]
  def post(path, form) = Net::HTTP.start(HOST, port) { |http| http.post(path, form) }

  # @return [Net::HTTPResponse]
  def head(path) = Net::HTTP.start(HOST, port) { |http| http.head(path) }

  # @return [TCPSocket]
  def connect = TCPSocket.new(HOST, port)
end
