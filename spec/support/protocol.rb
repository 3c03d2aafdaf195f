# frozen_string_literal: true

require "support/servers"

# Helpers of the specs in spec/protocol, besides {Servers}. The specs send raw bytes to a server, in both modes, and
# check the raw bytes that come back. They communicate with their apps over HTTP too: an app that has to wait reads its
# request body, which the spec completes later. An app also takes notes, which the spec requests from /notes.
module Protocol
  # Seconds; only a guard against hanging.
  TIMEOUT = 10

  HEADERS = { "content-type" => "text/plain" }.freeze

  # The notes of apps. They belong to the worker's Ractor. With one worker and one thread, the request for /notes runs
  # after everything that belongs to the previous request.
  module Notes
    class << self
      def add(note) = list << note

      # In threaded mode the main Ractor keeps the notes, for all examples.
      # @return [void]
      def forget = list.clear

      # @return [Array] a Rack response
      def response = [200, HEADERS, [Marshal.dump(list.slice!(0..))]]

      private

      def list = Ractor.current[:protocol_notes] ||= []
    end
  end

  # Makes a module an app that calls its method `what_to_do(env)` for /what-to-do.
  module Routes
    def call(env)
      return Notes.response if env["PATH_INFO"] == "/notes"

      public_send(env["PATH_INFO"].delete_prefix("/").tr("-", "_"), env)
    end

    private

    def ok(*chunks) = [200, HEADERS, chunks]

    def note(text) = Notes.add(text)

    # @return [Object, Class] the block's result, or the class of the error that it raises
    def outcome
      yield
    rescue StandardError => error
      error.class
    end

    # Notes how the response ended, according to `rack.response_finished`.
    def watch(env)
      env["rack.response_finished"] << lambda { |finished, status, _headers, error|
        note(["finished", finished.equal?(env), status, error&.class&.name])
      }
    end
  end

  # A body that notes when it is closed.
  class Body
    def initialize(*chunks, fail_at: nil)
      @chunks = chunks
      @fail_at = fail_at
    end

    def each
      @chunks.each_with_index do |chunk, index|
        raise "no more" if index == @fail_at

        yield chunk
      end
      raise "no more" if @fail_at == @chunks.size
    end

    def close = Notes.add("closed")
  end

  # Responds with the request body.
  module Plain
    def self.call(env)
      env["PATH_INFO"] == "/notes" ? Notes.response : [200, HEADERS, [env["rack.input"].read]]
    end
  end

  # Responds with the Strings of its env.
  module Env
    def self.call(env)
      [200, HEADERS, [Marshal.dump(env.select { |_, value| value.is_a?(String) })]]
    end
  end

  class << self
    # @return [String] a request
    def get(target, *fields) = request("GET", target, *fields)

    # @param fields [Array<String>] header lines
    # @return [String] a request head
    def request(method, target, *fields)
      ["#{method} #{target} HTTP/1.1", "Host: a", *fields, "", ""].join("\r\n").b
    end

    # @return [String] a request with a body and its length
    def post(target, body, *fields)
      request("POST", target, *fields, "Content-Length: #{body.bytesize}") + body
    end

    # @param body [String] chunked already
    # @return [String] a request with that body
    def chunked(target, body, *fields)
      request("POST", target, *fields, "Transfer-Encoding: chunked") + body
    end
  end

  # Tables of requests.
  module Groups
    # The front-end responds to each, closes the connection and counts it; no worker sees it.
    # @param table [Hash{String => String}] the bytes, by description
    def it_refuses(table, with:, as:, **settings)
      table.each do |what, bytes|
        it "refuses #{what} with #{with}" do
          serve(Plain, **settings)
          expect_refusal(connect.write(bytes), with, to: bytes.start_with?("HEAD ") ? "HEAD" : "GET")
          expect(server.stats).to include(refusals: { as => 1 }, served: 0)
        end
      end
    end

    # Each is accepted, and so is the next request on its connection.
    # @param table [Hash{String => String}] the bytes, by description
    def it_accepts(table, settings = {})
      table.each do |what, bytes|
        it "accepts #{what}" do
          serve(Plain, **settings)
          client = connect
          2.times { expect(client.exchange(bytes).status).to eq(200) }
          expect(server.stats).to include(refusals: {}, served: 2)
        end
      end
    end
  end

  # @return [Array] the app's notes since the last call
  def notes = Marshal.load(connect.get("/notes", "connection" => "close").body) # rubocop:disable Security/MarshalLoad

  # @return [Hash{String=>String}] the response of {Env} to these bytes
  def env_of(bytes) = Marshal.load(connect.exchange(bytes).body) # rubocop:disable Security/MarshalLoad

  def expect_refusal(client, status, to: "GET")
    response = client.read_response(to:)
    expect(response).to have_attributes(status:, body: to == "HEAD" ? "" : a_string_starting_with(status.to_s))
    expect([response["connection"], response["date"], response["transfer-encoding"]]).to match(["close", /GMT\z/, nil])
    expect(client).to be_closed_by_server
  end

  def await_stats(**wanted) = eventually(wanted.inspect) { server.stats >= wanted }

  RSpec.configure do |config|
    config.define_derived_metadata(file_path: %r{/spec/protocol/}) do |metadata|
      metadata[:servers] = metadata[:protocol] = true
    end
    config.include(self, :protocol)
    config.extend(Groups, :protocol)
    config.before(:example, :protocol) { Notes.forget }
  end
end
