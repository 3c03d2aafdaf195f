# frozen_string_literal: true

require "socket"
require_relative "../clock"
require_relative "../connection"

module Bench
  module Chaos
    # What became of a request. `kind` is
    #
    # - :answered, with a `status`;
    # - :broken, the connection ended within the answer;
    # - :unanswered, it ended before the answer began, though the request was there in time;
    # - :crossed, the same, but it was closed before the request got there: nobody has lost anything;
    # - :hung, nothing came in time;
    # - :refused, there was no connection.
    #
    # `fresh` is whether it was the first request of its connection.
    Answer = Data.define(:kind, :status, :headers, :body, :seconds, :fresh) do
      # @return [Integer, Symbol] the status, or what happened instead of an answer
      def sum = kind == :answered ? status : kind
    end

    # A client that keeps its connection, and that knows how far each of its requests came.
    class Client
      # The first byte of the kernel's `struct tcp_info`.
      ESTABLISHED = 1

      # Tells by its head that an answer has begun.
      class Line < Connection
        attr_reader :head

        private

        def read_head = @head = super
      end

      # @return [Integer] connections made
      attr_reader :connects

      # @param uri [URI] of the server
      # @param timeout [Numeric] seconds that a read may wait
      # @param keep_alive [Boolean] whether to use a connection for more than one request
      def initialize(uri, timeout: 10, keep_alive: true)
        @address = [uri.host, uri.port]
        @timeout = timeout
        @keep_alive = keep_alive
        @connects = 0
      end

      # @param path [String]
      # @return [Answer]
      def get(path)
        started = Clock.now
        close if closed_meanwhile?
        fresh = @socket.nil?
        kind, head, body = connect ? exchange(path) : :refused
        close unless kind == :answered && reusable?(head)
        Answer.new(kind:, status: head&.status, headers: head&.headers, body:, seconds: Clock.now - started, fresh:)
      end

      # @return [void]
      def close
        @socket&.close
        @socket = nil
      end

      private

      # What a server closes while nothing is asked for is its own affair.
      def closed_meanwhile?
        @socket && @socket.read_nonblock(1, exception: false) != :wait_readable
      rescue SystemCallError
        true
      end

      def connect
        @socket ||= TCPSocket.new(*@address).tap do |socket|
          @connects += 1
          socket.timeout = @timeout
          socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
        end
      rescue SystemCallError
        nil
      end

      def exchange(path)
        close = "connection: close\r\n" unless @keep_alive
        is_there = send_request("GET #{path} HTTP/1.1\r\nhost: bench\r\n#{close}\r\n")
        line = Line.new(@socket)
        body = +""
        line.read_answer { |piece| body << piece }
        [:answered, line.head, body]
      rescue IO::TimeoutError
        [:hung, line.head, body]
      rescue IOError, SystemCallError
        missing = is_there ? :unanswered : :crossed
        [line&.head ? :broken : missing, line&.head, body]
      end

      # Over the loopback what is sent is there at once, and so is the end of a connection. Neither call gives up the VM
      # lock, so nothing comes between them.
      # @return [Boolean] whether the connection was still open when the request got there
      def send_request(text)
        @socket.write_nonblock(text)
        @socket.getsockopt(Socket::IPPROTO_TCP, Socket::TCP_INFO).data.getbyte(0) == ESTABLISHED
      end

      def reusable?(head) = @keep_alive && head.headers["connection"] != "close"
    end
  end
end
