# frozen_string_literal: true

require "kino"
require "socket"
require "tempfile"

# What the specs in spec/protocol share: they say raw bytes to a server, in both modes, and look at the raw bytes that
# come back. Their apps meet them on the wire too: an app that shall wait reads its request body, which the client
# sends when it likes; what an app has seen it notes, and tells when it is asked for /notes.
module Protocol
  # Seconds until something counts as missed: a guard against hanging, and nothing else.
  LIMIT = 10

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

  # An answer as it stood on the wire.
  Answer = Data.define(:version, :status, :fields, :body) do
    # @return [String, nil] the value of the only header of that name
    # @raise [RuntimeError] if there are several
    def [](name)
      values = all(name)
      raise "#{name} stands there #{values.size} times" if values.size > 1

      values.first
    end

    # @return [Array<String>] all values of that name, in order
    def all(name) = fields.filter_map { |key, value| value if key.casecmp?(name) }

    # @return [Array<Array(String, String)>] the headers in order, but for these
    def fields_but(*names) = fields.reject { |name, _| names.include?(name.downcase) }

    # @return [Array<String>] the names in order, in lower case
    def names = fields.map { |name, _| name.downcase }
  end

  # One connection. Reading is strict: what is no answer, or ends early, is {Broken}.
  class Client
    # The connection ended, or was reset, in the midst of an answer.
    class Broken < StandardError; end

    # @return [Socket]
    attr_reader :socket

    def initialize(port, host: "127.0.0.1")
      @socket = Socket.tcp(host, port, connect_timeout: LIMIT)
      @socket.setsockopt(:TCP, :NODELAY, 1)
      @socket.timeout = LIMIT
    end

    # @return [self]
    def say(bytes)
      @socket.write(bytes)
      self
    end

    # @return [Answer] to a request that is said
    def ask(bytes) = say(bytes).answer(to: bytes[/\A\S+/])

    # @return [Answer]
    def get(target, *fields) = ask(Protocol.get(target, *fields))

    # @param to [String] the method: an answer to HEAD has no body, whatever its head says
    # @return [Answer]
    def answer(to: "GET")
      head = self.head
      head.with(body: body(head, to))
    end

    # @return [Answer] the next head, without a body
    def head
      version, status = line.match(%r{\A(HTTP/1\.[01]) (\d{3}) .*\z})&.captures || raise(Broken, "no status line")
      fields = []
      until (field = line).empty?
        fields << (field.match(/\A([^\s:]+): ?(.*)\z/n)&.captures || raise(Broken, "no header: #{field.inspect}"))
      end
      Answer.new(version:, status: Integer(status, 10), fields:, body: nil)
    end

    # @return [String, nil] the next chunk of a chunked answer; nil for the last
    def chunk
      data = exactly(Integer(line, 16))
      line.empty? or raise Broken, "a chunk without its end"
      data unless data.empty?
    end

    # @return [String] that many bytes
    def exactly(count)
      return "".b if count.zero?

      data = guarded { @socket.read(count) }
      data&.bytesize == count ? data : raise(Broken, "#{data.to_s.bytesize} of #{count} bytes")
    end

    # @return [String] all that comes until the server closes
    # @raise [Broken] if it closes by a reset
    def rest = guarded { @socket.read }

    # @return [Boolean] whether the server has closed and nothing more came; waits for either
    def closed?
      @socket.eof?
    rescue SystemCallError
      true
    end

    # @return [Boolean] whether nothing has come that was not read
    def quiet? = @socket.wait_readable(0).nil?

    # @return [void]
    def close = @socket.close

    # Leaves as a process that dies does: the server sees a reset.
    # @return [void]
    def reset
      @socket.setsockopt(Socket::Option.linger(true, 0))
      @socket.close
    end

    private

    def body(head, method)
      return "".b if method == "HEAD" || [204, 304].include?(head.status)
      return chunks if head["transfer-encoding"] == "chunked"

      head["content-length"] ? exactly(Integer(head["content-length"], 10)) : rest
    end

    def chunks
      all = "".b
      while (data = chunk)
        all << data
      end
      all
    end

    def line
      guarded { @socket.gets("\r\n", chomp: true) } || raise(Broken, "nothing more")
    end

    def guarded
      yield
    rescue SystemCallError => error
      raise Broken, error.message
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
    def in_both_modes(&)
      %i[ractor threaded].each do |mode|
        context "in #{mode} mode" do
          let(:mode) { mode }

          class_exec(&)
        end
      end
    end

    # Each is answered and closed by the front-end, counted, and no worker hears of it.
    # @param table [Hash{String => String}] what it is, and the bytes
    def it_refuses(table, with:, as:, **settings)
      table.each do |what, bytes|
        it "refuses #{what} with #{with}" do
          serve(Plain, **settings)
          expect_refusal(connect.say(bytes), with, to: bytes.start_with?("HEAD ") ? "HEAD" : "GET")
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
          2.times { expect(client.ask(bytes).status).to eq(200) }
          expect(server.stats).to include(refusals: {}, served: 2)
        end
      end
    end
  end

  # @return [Kino::Server] the last that was started
  attr_reader :server

  # Starts a server, which the end of the example stops.
  # @return [Kino::Server]
  def serve(app, **settings)
    settings = { port: 0, workers: 1, threads: 1, mode: }.merge(settings)
    @server = Kino::Server.new(app, **settings).start
    @servers << @server
    @server
  end

  # @return [Client] of the last server; open until the end of the example
  def connect(**)
    @clients << Client.new(server.port, **)
    @clients.last
  end

  # @return [Array] what the app has noted since it was asked last
  def notes = Marshal.load(connect.get("/notes", "Connection: close").body) # rubocop:disable Security/MarshalLoad

  # @return [Hash{String=>String}] what {Env} answers to these bytes
  def env_of(bytes) = Marshal.load(connect.ask(bytes).body) # rubocop:disable Security/MarshalLoad

  def expect_refusal(client, status, to: "GET")
    answer = client.answer(to:)
    expect(answer).to have_attributes(status:, body: to == "HEAD" ? "" : a_string_starting_with(status.to_s))
    expect([answer["connection"], answer["date"], answer["transfer-encoding"]]).to match(["close", /GMT\z/, nil])
    expect(client).to be_closed
  end

  # @return [String] what was written to stderr. An example that asks knows what it expects there
  def log
    @asked = true
    File.read(@log.path)
  end

  # What has no event to wait for, such as a counter, is asked for again and again.
  def eventually(what)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + LIMIT
    until (result = yield)
      raise "never: #{what}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      sleep 0.001 # only to leave the core to those who are looked at
    end
    result
  end

  def await_stats(**wanted) = eventually(wanted.inspect) { server.stats >= wanted }

  # A file and not a pipe, so that nobody has to read it; all Ractors write to it.
  def capture_stderr
    @log = Tempfile.new("kino-stderr")
    former = $stderr.dup
    $stderr.reopen(@log.path, "a")
    $stderr.sync = true
    yield
  ensure
    $stderr.reopen(former)
    former.close
  end

  RSpec.configure do |config|
    config.define_derived_metadata(file_path: %r{/spec/protocol/}) { |metadata| metadata[:protocol] = true }
    config.include(self, :protocol)
    config.extend(Groups, :protocol)

    config.around(:example, :protocol) do |example|
      @servers = []
      @clients = []
      Notes.forget
      capture_stderr do
        example.run
      ensure
        @clients.each(&:close)
        @servers.each { |server| server.shutdown(timeout: 0) }
      end
      # Nobody has asked for it, so nothing may be there: no warning of the VM, no exception that got lost.
      expect(File.read(@log.path)).to eq("") unless @asked || example.exception
    ensure
      @log.close!
    end
  end
end
