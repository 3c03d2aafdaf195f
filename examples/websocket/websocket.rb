# frozen_string_literal: true

require "digest/sha1"

# The server's end of a WebSocket (RFC 6455) on any IO. It joins fragments, answers pings, shakes hands at the close,
# and holds the client to the rules. It knows no extensions and no subprotocols.
#
# A message is a String: in UTF-8 it is text, in any other encoding it is binary.
class WebSocket
  # RFC 6455 section 1.3: what shows that the server has understood.
  GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
  # Sixteen bytes in Base64.
  KEY = %r{\A[A-Za-z0-9+/]{22}==\z}
  VERSION = "13"
  # Headers for whoever asks for something else (RFC 9110 section 15.5.22).
  WANTED = { "connection" => "upgrade", "upgrade" => "websocket", "sec-websocket-version" => VERSION }.freeze

  # Opcodes (section 5.2); those from CLOSE on control the connection.
  CONTINUATION = 0x0
  TEXT = 0x1
  BINARY = 0x2
  CLOSE = 0x8
  PING = 0x9
  PONG = 0xA
  OPCODES = [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].freeze

  # Why a connection was closed (section 7.4.1).
  NORMAL = 1000
  PROTOCOL_ERROR = 1002
  NOT_UTF8 = 1007
  TOO_LONG = 1009
  # What a client may say of it: what is left out stands for "none was sent".
  CODES = [1000..1003, 1007..1014, 3000..4999].freeze

  Frame = Data.define(:final, :opcode, :payload)
  private_constant :Frame

  # The client has broken a rule.
  class Violation < StandardError
    # @return [Integer] the code to close with
    attr_reader :code

    def initialize(code, message)
      super(message)
      @code = code
    end
  end

  # @param env [Hash] a Rack env
  # @return [Hash{String => String}, nil] the headers of the 101; nil if the request opens no WebSocket
  def self.accept(env)
    protocol = env["rack.protocol"]&.find { |name| name.casecmp?("websocket") }
    key = env["HTTP_SEC_WEBSOCKET_KEY"]
    return unless protocol && env["REQUEST_METHOD"] == "GET"
    return unless KEY.match?(key) && env["HTTP_SEC_WEBSOCKET_VERSION"] == VERSION

    { "rack.protocol" => protocol, "sec-websocket-accept" => Digest::SHA1.base64digest(key + GUID) }
  end

  # @param socket [IO] the connection, behind the 101
  # @param longest [Integer] bytes of the longest message that is taken
  def initialize(socket, longest:)
    @socket = socket
    @longest = longest
    @closed = false
    start_message
  end

  # Waits for a message.
  # @return [String, nil] nil once the connection is closed
  # @raise [IOError, SystemCallError] whatever the socket raises
  def receive
    until @closed
      frame = read_frame
      message = frame.opcode < CLOSE ? join(frame) : control(frame)
      return message if message
    end
  rescue EOFError
    @closed = true
    nil
  rescue Violation => violation
    close(violation.code, violation.message)
  end

  # @param message [String]
  # @return [nil]
  def write(message)
    write_frame(message.encoding == Encoding::UTF_8 ? TEXT : BINARY, message)
  end

  # Says goodbye, once.
  # @param code [Integer]
  # @param reason [String] 123 bytes at most
  # @return [nil]
  def close(code = NORMAL, reason = "")
    return if @closed

    @closed = true
    write_frame(CLOSE, [code].pack("n") << reason.b)
  end

  private

  def start_message
    @kind = nil
    @message = +"".b
  end

  def join(frame)
    continues = frame.opcode == CONTINUATION
    violate(PROTOCOL_ERROR, "there is nothing to continue") if continues && !@kind
    violate(PROTOCOL_ERROR, "the message before has not ended") if !continues && @kind

    @kind ||= frame.opcode
    @message << frame.payload
    end_message if frame.final
  end

  def end_message
    kind = @kind
    message = @message
    start_message
    return message if kind == BINARY

    message.force_encoding(Encoding::UTF_8)
    message.valid_encoding? ? message : violate(NOT_UTF8, "the text is not UTF-8")
  end

  # @return [nil]
  def control(frame)
    case frame.opcode
    when PING then write_frame(PONG, frame.payload)
    when CLOSE then answer_close(frame.payload)
    end
  end

  def answer_close(payload)
    return close if payload.empty?

    code = payload.unpack1("n")
    violate(PROTOCOL_ERROR, "no such close code") unless code && CODES.any? { |range| range.cover?(code) }
    reason = payload.byteslice(2..).force_encoding(Encoding::UTF_8)
    violate(NOT_UTF8, "the reason is not UTF-8") unless reason.valid_encoding?
    close(code, reason)
  end

  # Section 5.2: four bits of flags, the opcode, a bit for the mask, the length; the mask; the payload.
  def read_frame
    first, second = read(2).unpack("CC")
    final = first.anybits?(0x80)
    opcode = first & 0x0f
    violate(PROTOCOL_ERROR, "no extension was agreed on") unless first.nobits?(0x70)
    violate(PROTOCOL_ERROR, "no such opcode") unless OPCODES.include?(opcode)
    violate(PROTOCOL_ERROR, "a client has to mask") if second.nobits?(0x80)
    length = read_length(second & 0x7f)
    check_length(opcode, final, length)
    Frame.new(final:, opcode:, payload: unmask(read(4), read(length)))
  end

  def read_length(short)
    case short
    when 126 then read(2).unpack1("n")
    when 127 then read(8).unpack1("Q>")
    else short
    end
  end

  # Before the payload is read: what a client announces must cost nothing.
  def check_length(opcode, final, length)
    if opcode >= CLOSE
      violate(PROTOCOL_ERROR, "a control frame is short and whole") unless final && length < 126
    elsif length > @longest - @message.bytesize
      violate(TOO_LONG, "#{@longest} bytes is the most")
    end
  end

  # Four bytes at a time, hence the padding.
  def unmask(mask, payload)
    length = payload.bytesize
    key = mask.unpack1("N")
    words = (payload << ("\0" * (-length % 4))).unpack("N*")
    words.map! { |word| word ^ key }.pack("N*").byteslice(0, length)
  end

  def read(length)
    bytes = @socket.read(length)
    raise EOFError, "the client has left" unless bytes && bytes.bytesize == length

    bytes
  end

  def write_frame(opcode, payload)
    length = payload.bytesize
    head =
      if length < 126 then [0x80 | opcode, length].pack("CC")
      elsif length < 65_536 then [0x80 | opcode, 126, length].pack("CCn")
      else [0x80 | opcode, 127, length].pack("CCQ>")
      end
    @socket.write(head, payload)
    nil
  end

  def violate(code, message)
    raise Violation.new(code, message)
  end
end
