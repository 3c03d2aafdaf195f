# frozen_string_literal: true

require "socket"

# An HTTP/1.x client over a raw socket, for the specs and the benches. It sends exactly the bytes it is given and reads
# responses strictly: it never repairs, retries or reconnects.
#
# Every read, write and connect times out, as a guard against hanging.
class HttpClient
  # Seconds.
  TIMEOUT = 20
  # The most bytes of a body that are read at a time.
  PIECE = 65_536

  # The connection ended, or was reset, before the response was complete; or the bytes are not a response.
  class Broken < IOError; end

  # A response as it was sent. `fields` are its header lines, in order; `body` is nil if it was not read, or was
  # yielded.
  Response = Data.define(:version, :status, :fields, :body) do
    # @return [String, nil] the value of the only header of that name
    # @raise [RuntimeError] if there are several
    def [](name)
      values = all(name)
      raise "#{values.size} headers named #{name}" if values.size > 1

      values.first
    end

    # @return [Array<String>] all values of that name, in order
    def all(name) = fields.filter_map { |key, value| value if key.casecmp?(name) }

    # @return [Array<Array(String, String)>] the headers, with names in lower case
    def headers = fields.map { |name, value| [name.downcase, value] }

    # @return [Array<String>] the names, in lower case
    def names = headers.map(&:first)

    # @return [Array<Array(String, String)>] the headers except those named
    def fields_except(*names) = fields.reject { |name, _| names.include?(name.downcase) }
  end

  class << self
    # @yieldparam client [HttpClient] closed when the block returns
    # @return [HttpClient, Object] the block's result; without a block an open client
    def open(port = nil, **)
      client = new(port, **)
      return client unless block_given?

      begin
        yield client
      ensure
        client.close
      end
    end

    # Sends one request on a connection of its own.
    # @return [Response]
    def request(port, *) = self.open(port) { |client| client.request(*) }

    # @return [Response]
    def get(port, target = "/", headers = {}) = request(port, "GET", target, headers)
  end

  # @return [TCPSocket, UNIXSocket]
  attr_reader :socket

  # @param unix [String, nil] the path of a Unix domain socket, instead of host and port
  # @param timeout [Numeric] seconds that a single read or write may take
  def initialize(port, host: "127.0.0.1", unix: nil, timeout: TIMEOUT)
    @socket = unix ? UNIXSocket.new(unix) : TCPSocket.new(host, port, connect_timeout: timeout)
    @socket.setsockopt(:TCP, :NODELAY, 1) unless unix
    @socket.timeout = timeout
  end

  # Goes on with TLS.
  # @param context [OpenSSL::SSL::SSLContext]
  # @param host [String] the name of the server
  # @return [self]
  def encrypt(context, host)
    @socket = OpenSSL::SSL::SSLSocket.new(@socket, context)
    @socket.sync_close = true
    @socket.hostname = host
    @socket.connect
    self
  end

  # @return [self]
  def write(*bytes)
    @socket.write(*bytes)
    self
  end

  # @param headers [Hash{String => String, Array<String>}]
  # @param body [String, nil] sent with its content-length
  # @return [Response]
  def request(method, target = "/", headers = {}, body = nil)
    send_head(method, target, body ? { "content-length" => body.bytesize }.merge(headers) : headers)
    write(body) if body
    read_response(to: method)
  end

  # @return [Response]
  def get(target, headers = {}) = request("GET", target, headers)

  # @param bytes [String] a request
  # @return [Response]
  def exchange(bytes) = write(bytes).read_response(to: bytes[/\A\S+/])

  # @return [self]
  def send_head(method, target = "/", headers = {})
    fields = { "host" => "kino.test" }.merge(headers).flat_map do |name, values|
      Array(values).map { |value| "#{name}: #{value}\r\n" }
    end
    write("#{method} #{target} HTTP/1.1\r\n#{fields.join}\r\n")
  end

  # @return [self]
  def send_chunk(bytes) = write("#{bytes.bytesize.to_s(16)}\r\n", bytes, "\r\n")

  # @return [self]
  def send_last_chunk = write("0\r\n\r\n")

  # @param to [String] the method of the request: a response to HEAD has no body, whatever its head says
  # @yieldparam piece [String] of the body, valid until the block returns; without a block the body is in the response
  # @return [Response]
  # @raise [Broken]
  def read_response(to: "GET", &)
    head = read_head
    return head.tap { read_body(head, to, &) } if block_given?

    body = "".b
    read_body(head, to) { |piece| body << piece }
    head.with(body:)
  end

  # @return [Response] the next head, without its body
  def read_head
    version, status = line.match(%r{\A(HTTP/1\.[01]) (\d{3}) .*\z}n)&.captures || raise(Broken, "no status line")
    fields = []
    until (field = line).empty?
      fields << (field.match(/\A([^\s:]+): ?(.*)\z/n)&.captures || raise(Broken, "no header: #{field.inspect}"))
    end
    Response.new(version:, status: Integer(status, 10), fields:, body: nil)
  end

  # @param head [Response]
  # @param method [String] of the request
  # @yieldparam piece [String] valid until the block returns
  # @return [void]
  def read_body(head, method = "GET", &)
    return if method == "HEAD" || [204, 304].include?(head.status)

    if head["transfer-encoding"] == "chunked" then nil while each_piece_of_chunk(&)
    elsif head["content-length"] then each_piece(number(head["content-length"], 10), &)
    else yield read_rest
    end
  end

  # @return [String] the first chunk of a chunked response
  def read_first_chunk
    read_head
    read_chunk
  end

  # @return [String, nil] the next chunk of a chunked response; nil for the last
  def read_chunk
    chunk = "".b
    chunk if each_piece_of_chunk { |piece| chunk << piece }
  end

  # @return [String] that many bytes
  def read_exactly(count)
    bytes = "".b
    each_piece(count) { |piece| bytes << piece }
    bytes
  end

  # @return [String] everything until the server closes
  # @raise [Broken] if the server resets the connection instead
  def read_rest = guarded { @socket.read }

  # @return [Boolean] whether the server has closed and nothing more came; waits for one or the other
  def closed_by_server?
    @socket.eof?
  rescue SystemCallError
    true
  end

  # @return [Boolean] whether there is nothing to read yet
  def quiet? = @socket.wait_readable(0).nil?

  # @return [Integer] how many bytes wait to be read; waits for the first
  def unread = @socket.recv(50_000_000, Socket::MSG_PEEK).bytesize

  # @return [void]
  def close_write = @socket.close_write

  # @return [void]
  def close = @socket.close

  # From now on closing the socket, or killing the process, resets the connection.
  # @return [self]
  def reset_on_close
    @socket.setsockopt(Socket::Option.linger(true, 0))
    self
  end

  # Leaves like a process that dies: the server sees a reset.
  # @return [void]
  def reset = reset_on_close.close

  # @return [Addrinfo] our end
  def local_address = @socket.local_address

  private

  # Integer alone takes signs and underscores, too.
  def number(text, base)
    raise Broken, "not a length: #{text.inspect}" unless text.match?(base == 16 ? /\A\h+\z/ : /\A\d+\z/)

    Integer(text, base)
  end

  # @return [Boolean] whether it was a chunk, and not the last one
  def each_piece_of_chunk(&)
    size = number(line, 16)
    each_piece(size, &)
    line.empty? or raise Broken, "a chunk without its end"
    size.positive?
  end

  def each_piece(size)
    missing = size
    while missing.positive?
      piece = guarded { @socket.readpartial([missing, PIECE].min, @piece ||= String.new(capacity: PIECE)) }
      missing -= piece.bytesize
      yield piece
    end
  rescue EOFError
    raise Broken, "#{size - missing} of #{size} bytes"
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
