# frozen_string_literal: true

# A WebSocket client that only knows frames, and sends invalid ones too.
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

  # @return [HttpClient::Response] the response to the upgrade, without its body
  attr_reader :head

  # @param client [HttpClient] closed with this
  # @param ahead [String] bytes to send together with the request
  # @param headers [Hash{String => String, nil}] in place of the usual ones; nil leaves one out
  def initialize(client, ahead: "", **headers)
    @client = client
    lines = HEADERS.merge(headers.transform_keys(&:to_s)).compact.map { |name, value| "#{name}: #{value}\r\n" }
    @head = client.write("GET /echo HTTP/1.1\r\n#{lines.join}\r\n".b << ahead).read_head
  end

  # @return [Integer] of the response
  def status = head.status

  # Sends one frame, valid or not.
  # @param flags [Integer] bits beside the opcode: 0x80 ends the message, 0x70 belongs to extensions
  # @param length [Integer] the length that it announces
  def frame(opcode, payload = "", flags: 0x80, length: payload.bytesize, is_masked: true)
    mask = is_masked ? 0x80 : 0
    head = [flags | opcode].pack("C") << packed_length(mask, length)
    return @client.write(head, payload) unless is_masked

    masked = payload.bytes.each_with_index.map { |byte, at| byte ^ MASK[at % 4] }
    @client.write(head, MASK.pack("C4"), masked.pack("C*"))
  end

  # @return [Array(Integer, String), nil] opcode and payload of the next message, one frame; nil at the end
  def receive
    return if @client.closed_by_server?

    first, second = @client.read_exactly(2).unpack("CC")
    raise "a fragment, or flags: #{first}" unless first.allbits?(0x80) && first.nobits?(0x70)

    [first & 0x0f, @client.read_exactly(read_length(second))]
  end

  # @return [Array(Integer, String), nil] code and reason of the next frame, which must be a close
  def receive_close
    opcode, payload = receive
    opcode == CLOSE ? [payload.unpack1("n"), payload.byteslice(2..)] : raise("opcode #{opcode}: #{payload.inspect}")
  end

  # @return [Boolean] whether the server closes and nothing more comes; waits for it
  # @raise [HttpClient::Broken] if it resets the connection instead
  def ended? = @client.read_rest.empty?

  def close = @client.close

  private

  def packed_length(mask, length)
    if length < 126 then [mask | length].pack("C")
    elsif length < 65_536 then [mask | 126, length].pack("Cn")
    else [mask | 127, length].pack("CQ>")
    end
  end

  # A server must not mask, so the mask bit is 0 here.
  def read_length(short)
    case short
    when 126 then @client.read_exactly(2).unpack1("n")
    when 127 then @client.read_exactly(8).unpack1("Q>")
    when 0..125 then short
    else raise "the server masks"
    end
  end
end
