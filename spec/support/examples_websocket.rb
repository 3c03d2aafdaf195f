# frozen_string_literal: true

# A WebSocket client that knows nothing but frames, and may break every rule.
class ExamplesWebSocket
  # The key and the answer of RFC 6455 section 1.3.
  KEY = "dGhlIHNhbXBsZSBub25jZQ=="
  ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
  MASK = [0x37, 0xfa, 0x21, 0x3d].freeze

  CONTINUATION = 0
  TEXT = 1
  BINARY = 2
  CLOSE = 8
  PING = 9
  PONG = 10

  HEADERS = {
    "Host" => "example.org", "Upgrade" => "websocket", "Connection" => "Upgrade",
    "Sec-WebSocket-Key" => KEY, "Sec-WebSocket-Version" => "13"
  }.freeze

  # @return [String] the head of the answer
  attr_reader :head

  # @param socket [Socket] which is closed with this
  # @param ahead [String] bytes to send at once behind the request
  # @param headers [Hash{String => String, nil}] in place of the usual ones; nil leaves one out
  def initialize(socket, ahead: "", **headers)
    @socket = socket
    lines = HEADERS.merge(headers.transform_keys(&:to_s)).compact.map { |name, value| "#{name}: #{value}\r\n" }
    @socket.write("GET /echo HTTP/1.1\r\n#{lines.join}\r\n".b << ahead)
    @head = +""
    @head << @socket.gets until @head.end_with?("\r\n\r\n")
  end

  # @return [Integer] of the answer
  def status = head[/\AHTTP\S+ (\d+)/, 1].to_i

  # Sends one frame, right or wrong.
  # @param flags [Integer] bits beside the opcode: 0x80 ends the message, 0x70 belongs to extensions
  # @param length [Integer] what it says of its length
  def frame(opcode, payload = "", flags: 0x80, length: payload.bytesize, is_masked: true)
    mask = is_masked ? 0x80 : 0
    head = [flags | opcode].pack("C") << packed_length(mask, length)
    return @socket.write(head, payload) unless is_masked

    masked = payload.bytes.each_with_index.map { |byte, at| byte ^ MASK[at % 4] }
    @socket.write(head, MASK.pack("C4"), masked.pack("C*"))
  end

  # @return [Array(Integer, String), nil] opcode and payload of the next frame, which is whole; nil at the end
  def receive
    first, second = @socket.read(2)&.unpack("CC")
    return unless first
    raise "a fragment, or flags: #{first}" unless first.allbits?(0x80) && first.nobits?(0x70)

    [first & 0x0f, @socket.read(read_length(second))]
  end

  # @return [Array(Integer, String), nil] code and reason of the next frame, which must be a close
  def receive_close
    opcode, payload = receive
    opcode == CLOSE ? [payload.unpack1("n"), payload.byteslice(2..)] : raise("opcode #{opcode}: #{payload.inspect}")
  end

  # @return [Boolean] whether the server has ended the connection, which is waited for
  def ended? = @socket.read(1).nil?

  def close = @socket.close

  private

  def packed_length(mask, length)
    if length < 126 then [mask | length].pack("C")
    elsif length < 65_536 then [mask | 126, length].pack("Cn")
    else [mask | 127, length].pack("CQ>")
    end
  end

  # A server does not mask, so the bit of the mask must be 0 here.
  def read_length(short)
    case short
    when 126 then @socket.read(2).unpack1("n")
    when 127 then @socket.read(8).unpack1("Q>")
    when 0..125 then short
    else raise "the server masks"
    end
  end
end
