# frozen_string_literal: true

require "socket"

# A client that says exactly the bytes that it is told to, and reads answers without mercy. Every read has a limit, as
# a guard against hanging only.
class Wire
  # Seconds.
  LIMIT = 20

  # The connection ended in the midst of an answer.
  class Broken < StandardError; end

  Answer = Data.define(:version, :status, :headers, :body)

  # @!attribute [r] headers
  #   @return [Array<Array(String, String)>] as they stood, names in lower case
  class Answer
    # @return [String, nil] the first header of that name
    def [](name) = headers.assoc(name)&.last

    # @return [Array<String>] all headers of that name
    def all(name) = headers.filter_map { |key, value| value if key == name }
  end

  # @param port [Integer]
  # @return [Wire, Object] what the block returns; the connection is closed then
  def self.open(port, host: "127.0.0.1")
    wire = new(port, host:)
    return wire unless block_given?

    begin
      yield wire
    ensure
      wire.close
    end
  end

  # One request on a connection of its own.
  # @return [Answer]
  def self.request(port, ...) = self.open(port) { |wire| wire.request(...) }

  # @return [Answer]
  def self.get(port, target = "/", **headers) = request(port, "GET", target, headers)

  def initialize(port, host: "127.0.0.1")
    @socket = Socket.tcp(host, port, connect_timeout: LIMIT)
    @socket.setsockopt(:TCP, :NODELAY, 1)
    @socket.timeout = LIMIT
  end

  # @param headers [Hash{String => String, Array<String>}]
  # @param body [String, nil] gives a content-length too
  # @return [Answer]
  def request(method, target = "/", headers = {}, body = nil)
    send_head(method, target, body ? { "content-length" => body.bytesize }.merge(headers) : headers)
    write(body) if body
    read_answer(to: method)
  end

  # @return [self]
  def send_head(method, target = "/", headers = {})
    lines = { "host" => "kino.test" }.merge(headers.transform_keys { |key| key.to_s.tr("_", "-") })
    fields = lines.flat_map { |name, values| Array(values).map { |value| "#{name}: #{value}\r\n" } }
    write("#{method} #{target} HTTP/1.1\r\n#{fields.join}\r\n")
  end

  # @return [self]
  def send_chunk(bytes) = write("#{bytes.bytesize.to_s(16)}\r\n#{bytes}\r\n")

  # @return [self]
  def send_last_chunk = write("0\r\n\r\n")

  # @return [self]
  def write(bytes)
    @socket.write(bytes)
    self
  end

  # @param to [String] the method of the request, for HEAD's answer has no body whatever it says
  # @return [Answer]
  # @raise [Broken] if the connection ends before the answer is complete
  def read_answer(to: "GET")
    head = read_head
    head.with(body: read_body(head, to))
  end

  # @return [Answer] without its body
  def read_head
    version, status = line.match(%r{\AHTTP/(1\.[01]) (\d{3})(?: .*)?\z})&.captures || raise(Broken, "no status line")
    headers = []
    until (field = line).empty?
      name, value = field.split(/:\s*/, 2)
      headers << [name.downcase, value]
    end
    Answer.new(version:, status: Integer(status), headers:, body: nil)
  end

  # @return [String] the first chunk of a chunked answer
  def read_first_chunk
    read_head
    read_chunk
  end

  # @return [String, nil] the next chunk of a chunked body; nil for the last
  def read_chunk
    size = Integer(line, 16)
    data = exactly(size)
    exactly(2) == "\r\n" or raise Broken, "a chunk without its end"
    data if size.positive?
  end

  # @return [Integer] bytes that have come and wait to be read
  def waiting = @socket.recv(50_000_000, Socket::MSG_PEEK).bytesize

  # @return [String] that many bytes
  def exactly(count)
    return "".b if count.zero?

    data = guarded { @socket.read(count) }
    data&.bytesize == count ? data : raise(Broken, "#{data.to_s.bytesize} of #{count} bytes")
  end

  # @return [String] all that comes until the server closes
  def read_rest = guarded { @socket.read }

  # @return [Boolean] whether the server has closed; waits for bytes or the end
  def closed_by_server?
    @socket.eof?
  rescue SystemCallError
    true
  end

  # @return [void]
  def close_write = @socket.close_write

  # @return [void]
  def close = @socket.close

  # Leaves as a process that dies does: the server sees a reset.
  # @return [void]
  def reset
    @socket.setsockopt(Socket::Option.linger(true, 0))
    @socket.close
  end

  # @return [Addrinfo] our end
  def local = @socket.local_address

  private

  def read_body(head, method)
    return "".b if method == "HEAD" || [204, 304].include?(head.status)
    return read_chunks if head["transfer-encoding"] == "chunked"

    head["content-length"] ? exactly(Integer(head["content-length"], 10)) : read_rest
  end

  def read_chunks
    all = "".b
    while (chunk = read_chunk)
      all << chunk
    end
    all
  end

  def line
    guarded { @socket.gets("\r\n", chomp: true) } || raise(Broken, "nothing more")
  end

  def guarded
    yield
  rescue SystemCallError => e
    raise Broken, e.message
  end
end
