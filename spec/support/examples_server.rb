# frozen_string_literal: true

require "support/child"
require "support/http_client"

# An app from examples/, served by the command in a process of its own, with or without Rack::Lint.
class ExamplesServer
  # @param name [String] a folder in examples/
  # @param options [Array<String>] of the command
  # @param linted [Boolean] whether to put Rack::Lint in front of the app
  def initialize(name, options, linted:)
    rackup = linted ? "spec/support/rackups/linted.ru" : "examples/#{name}/config.ru"
    @child = Child.kino("--port", "0", *options, rackup, env: { "KINO_EXAMPLE" => name })
    port
  end

  # @return [Integer]
  def port = @child.port

  # @return [String] the output of the server until it listened
  def banner = @child.seen

  # Ends the process as a service manager would.
  # @return [Process::Status]
  def stop
    @child.signal("TERM")
    @child.status
  end

  # @return [String] the output of the server on stderr
  def log = @child.errors

  # @return [void]
  def close = @child.close

  # @return [HttpClient::Response]
  def get(path, headers = {}) = HttpClient.get(port, path, headers)

  # @return [HttpClient::Response]
  def head(path) = HttpClient.request(port, "HEAD", path)

  # @param form [String] encoded
  # @return [HttpClient::Response]
  def post(path, form)
    HttpClient.request(port, "POST", path, { "content-type" => "application/x-www-form-urlencoded" }, form)
  end
end
