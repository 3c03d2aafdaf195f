# frozen_string_literal: true

require "socket"
require "support/hpack"

# An HTTP/2 client over a raw socket, with prior knowledge (RFC 9113 section 3.3), for the specs. It answers SETTINGS
# and PING, and lets the server send on whenever it gets a piece of a body.
#
# Every read and connect times out, as a guard against hanging.
class Http2Client
  # Seconds.
  TIMEOUT = 20

  PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
  DATA = 0
  HEADERS = 1
  RST_STREAM = 3
  SETTINGS = 4
  PING = 6
  GOAWAY = 7
  WINDOW_UPDATE = 8
  END_STREAM = 1
  ACK = 1
  END_HEADERS = 4

  # The connection ended, or the stream was reset with that code.
  class Broken < IOError
    # @return [Integer, nil] the code of the reset
    attr_reader :code

    def initialize(message, code = nil)
      super(message)
      @code = code
    end
  end

  Frame = Data.define(:type, :flags, :stream, :payload) do
    def last? = flags.anybits?(END_STREAM) && [DATA, HEADERS].include?(type)
  end

  # `fields` are the header lines, in order.
  Response = Data.define(:status, :fields, :body)

  # @param tls [OpenSSL::SSL::SSLContext, nil] to choose it by ALPN in TLS
  # @param host [String] the name of the server, for TLS
  def initialize(port, tls: nil, host: "a.test")
    @socket = Socket.tcp("127.0.0.1", port, connect_timeout: TIMEOUT)
    @socket.timeout = TIMEOUT
    encrypt(tls, host) if tls
    @next_stream = 1
    @frames = Hash.new { |frames, stream| frames[stream] = [] }
    @socket.write(PREFACE)
    # No dynamic table.
    send_frame(SETTINGS, 0, 0, [1, 0].pack("nN"))
  end

  # @return [String, nil] what was chosen by ALPN
  def protocol = @socket.alpn_protocol

  # Sends a request, with all of its body if there is one. With `open: true` more of it follows by {#data}.
  # @return [Integer] its stream
  def request(method, path, headers = {}, body: nil, open: false)
    stream = @next_stream
    @next_stream += 2
    pseudo = { ":method" => method, ":scheme" => "http", ":path" => path, ":authority" => "example.org" }
    fields = pseudo.merge(headers).flat_map { |name, values| Array(values).map { |value| [name, value] } }
    flags = END_HEADERS | (body || open ? 0 : END_STREAM)
    send_frame(HEADERS, flags, stream, Hpack.encode(fields))
    data(stream, body, last: !open) if body
    stream
  end

  # Sends a piece of a body. The caller minds the windows.
  # @return [void]
  def data(stream, bytes, last: false)
    pieces = bytes.empty? ? [""] : bytes.b.scan(/.{1,16384}/mn)
    pieces.each_with_index do |piece, at|
      send_frame(DATA, last && at == pieces.size - 1 ? END_STREAM : 0, stream, piece)
    end
  end

  # @return [void]
  def reset(stream) = send_frame(RST_STREAM, 0, stream, [8].pack("N"))

  # @return [Response] waits for all of it
  def get(path, headers = {}) = response(request("GET", path, headers))

  # @return [Response] waits for all of it
  def response(stream)
    head, is_last = read_head(stream)
    body = "".b
    until is_last
      piece, is_last = read_piece(stream)
      body << piece
    end
    head.with(body:)
  end

  # @return [Array(Response, Boolean)] the next head, without a body, and whether none follows
  def read_head(stream)
    frame = next_frame(stream)
    raise Broken, "no head: #{frame}" unless frame.type == HEADERS

    (_, status), *fields = Hpack.decode(frame.payload)
    [Response.new(Integer(status), fields, nil), frame.last?]
  end

  # @return [Array(String, Boolean)] the next piece of the body, and whether it is the last
  def read_piece(stream)
    frame = next_frame(stream)
    raise Broken, "no body: #{frame}" unless frame.type == DATA

    [frame.payload, frame.last?]
  end

  # @return [Integer] the code of the next GOAWAY; waits for it
  def goaway = next_frame(0).payload.unpack("NN").last

  # @return [Boolean] whether the server has closed; waits for it
  def closed_by_server?
    loop { receive }
  rescue Broken
    true
  end

  # @return [void]
  def close = @socket.close

  # @return [Addrinfo] our end
  def local_address = @socket.local_address

  private

  def encrypt(context, host)
    context.alpn_protocols = %w[h2 http/1.1]
    @socket = OpenSSL::SSL::SSLSocket.new(@socket, context)
    @socket.sync_close = true
    @socket.hostname = host
    @socket.connect
  end

  def send_frame(type, flags, stream, payload)
    @socket.write([payload.bytesize >> 16, payload.bytesize & 0xffff, type, flags, stream].pack("CnCCN") << payload.b)
  end

  def next_frame(stream)
    receive while @frames[stream].empty?
    frame = @frames[stream].shift
    return frame unless frame.type == RST_STREAM

    code = frame.payload.unpack1("N")
    raise Broken.new("stream #{stream} was reset: #{code}", code)
  end

  def receive
    high, low, type, flags, stream = read(9).unpack("CnCCN")
    frame = Frame.new(type, flags, stream, read((high << 16) | low))
    case type
    when SETTINGS then reply(SETTINGS, ACK, 0, "") if flags.nobits?(ACK)
    when PING then reply(PING, ACK, 0, frame.payload) if flags.nobits?(ACK)
    when WINDOW_UPDATE then nil
    else keep(frame)
    end
  end

  def keep(frame)
    @frames[frame.stream] << frame
    return unless frame.type == DATA && !frame.payload.empty?

    [0, frame.stream].each { |id| reply(WINDOW_UPDATE, 0, id, [frame.payload.bytesize].pack("N")) }
  end

  # A server that has closed behind its last frame needs no reply.
  def reply(...)
    send_frame(...)
  rescue Errno::EPIPE, Errno::ECONNRESET
    nil
  end

  def read(count)
    return "".b if count.zero?

    bytes = @socket.read(count)
    return bytes if bytes&.bytesize == count

    raise Broken, "the connection has ended"
  rescue SystemCallError => error
    raise Broken, error.message
  end
end
