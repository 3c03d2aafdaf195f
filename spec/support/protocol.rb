# frozen_string_literal: true

require "support/servers"

# What the specs in spec/protocol share: they say raw bytes to a server, in both modes, and look at the raw bytes that
# come back. Their apps meet them on the wire too: an app that shall wait reads its request body, which the client
# sends when it likes; what an app has seen it notes, and tells when it is asked for /notes.
module Protocol
  # Seconds until something counts as missed: a guard against hanging, and nothing else.
  TIMEOUT = 10

  HEADERS = { "content-type" => "text/plain" }.freeze

  # What apps have noted. It belongs to the Ractor of the worker; with one worker, and one thread, the request for
  # /notes comes after everything that concerns the request before it.
  module Notes
    class << self
      def add(note) = list << note

      # The main Ractor runs the apps of all servers in threaded mode, one after the other.
      # @return [void]
      def forget = list.clear

      # @return [Array] a Rack answer
      def answer = [200, HEADERS, [Marshal.dump(list.slice!(0..))]]

      private

      def list = Ractor.current[:protocol_notes] ||= []
    end
  end

  # Makes a module an app: /what-to-do is answered by its method `what_to_do(env)`.
  module Routes
    def call(env)
      return Notes.answer if env["PATH_INFO"] == "/notes"

      public_send(env["PATH_INFO"].delete_prefix("/").tr("-", "_"), env)
    end

    private

    def ok(*chunks) = [200, HEADERS, chunks]

    def note(text) = Notes.add(text)

    # @return [Object, Class] what the block returns, or the class of what it raises
    def outcome
      yield
    rescue StandardError => error
      error.class
    end

    # Notes how the answer ended, as `rack.response_finished` tells it.
    def watch(env)
      env["rack.response_finished"] << lambda { |finished, status, _headers, error|
        note(["finished", finished.equal?(env), status, error&.class&.name])
      }
    end
  end

  # A body that notes that it is closed.
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

  # Answers anything with the request body.
  module Plain
    def self.call(env)
      env["PATH_INFO"] == "/notes" ? Notes.answer : [200, HEADERS, [env["rack.input"].read]]
    end
  end

  # Answers anything with its env, as far as it is Strings.
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

    # @return [String] a request with a chunked body, as it is given
    def chunked(target, body, *fields)
      request("POST", target, *fields, "Transfer-Encoding: chunked") + body
    end
  end

  # Describes the same for both modes, and tables of refusals.
  module Groups
    # Each is answered and closed by the front-end, counted, and no worker hears of it.
    # @param table [Hash{String => String}] what it is, and the bytes
    def it_refuses(table, with:, as:, **settings)
      table.each do |what, bytes|
        it "refuses #{what} with #{with}" do
          serve(Plain, **settings)
          expect_refusal(connect.write(bytes), with, to: bytes.start_with?("HEAD ") ? "HEAD" : "GET")
          expect(server.stats).to include(refusals: { as => 1 }, served: 0)
        end
      end
    end

    # Each is accepted, and the next request on its connection too.
    # @param table [Hash{String => String}] what it is, and the bytes
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

  # @return [Array] what the app has noted since it was asked last
  def notes = Marshal.load(connect.get("/notes", "connection" => "close").body) # rubocop:disable Security/MarshalLoad

  # @return [Hash{String=>String}] what {Env} answers to these bytes
  def env_of(bytes) = Marshal.load(connect.exchange(bytes).body) # rubocop:disable Security/MarshalLoad

  def expect_refusal(client, status, to: "GET")
    answer = client.read_response(to:)
    expect(answer).to have_attributes(status:, body: to == "HEAD" ? "" : a_string_starting_with(status.to_s))
    expect([answer["connection"], answer["date"], answer["transfer-encoding"]]).to match(["close", /GMT\z/, nil])
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
