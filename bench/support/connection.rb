# frozen_string_literal: true

require "socket"

module Bench
  # A client that holds no more than a piece of a body at a time, and can send requests before it has read the answers.
  class Connection
    # Seconds that a read or a write may wait.
    TIMEOUT = 30
    PIECE = 65_536

    Head = Data.define(:status, :headers)

    # @param uri [URI] of the server
    # @yieldparam connection [Connection]
    def self.open(uri)
      socket = TCPSocket.new(uri.host, uri.port)
      socket.timeout = TIMEOUT
      socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      yield new(socket)
    ensure
      socket&.close
    end

    # @param socket [TCPSocket]
    def initialize(socket)
      @socket = socket
    end

    # @param bytes [String]
    # @return [void]
    def write(bytes)
      @socket.write(bytes)
    end

    # @param bytes [String]
    # @return [void]
    def write_chunk(bytes)
      @socket.write("#{bytes.bytesize.to_s(16)}\r\n", bytes, "\r\n")
    end

    # @yieldparam piece [String] of the body; only good until the block returns
    # @return [Head]
    def read_answer(&)
      head = read_head
      if head.headers["transfer-encoding"] == "chunked"
        nil while read_chunk(&)
      else
        read_bytes(head.headers.fetch("content-length").to_i, &)
      end
      head
    end

    private

    def read_head
      status = line[%r{\AHTTP/1\.1 (\d+)}, 1] or raise IOError, "no status line"
      headers = {}
      until (text = line).empty?
        name, value = text.split(": ", 2)
        headers[name.downcase] = value
      end
      Head.new(status: status.to_i, headers:)
    end

    # @return [Boolean] whether there may be another
    def read_chunk(&)
      size = line.to_i(16)
      read_bytes(size, &)
      line
      size.positive?
    end

    def read_bytes(size)
      buffer = @buffer ||= String.new(capacity: PIECE)
      while size.positive?
        @socket.readpartial([size, PIECE].min, buffer)
        yield buffer
        size -= buffer.bytesize
      end
    end

    def line = (@socket.gets || raise(EOFError, "the connection ended")).chomp
  end
end
