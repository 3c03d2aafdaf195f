# frozen_string_literal: true

require_relative "../../../spec/support/http_client"
require_relative "../clock"

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

      # @return [Integer] connections made
      attr_reader :connects

      # @param uri [URI] of the server
      # @param timeout [Numeric] seconds that a read may wait
      # @param keep_alive [Boolean] whether to use a connection for more than one request
      def initialize(uri, timeout: 10, keep_alive: true)
        @uri = uri
        @timeout = timeout
        @keep_alive = keep_alive
        @connects = 0
      end

      # @param path [String]
      # @return [Answer]
      def get(path)
        started = Clock.now
        close if closed_meanwhile?
        fresh = @http.nil?
        kind, head, body = connect ? exchange(path) : :refused
        close unless kind == :answered && reusable?(head)
        Answer.new(kind:, status: head&.status, headers: head&.headers.to_h, body:, seconds: Clock.now - started,
                   fresh:)
      end

      # @return [void]
      def close
        @http&.close
        @http = nil
      end

      private

      # What a server closes while nothing is asked for is its own affair.
      def closed_meanwhile?
        @http && @http.socket.read_nonblock(1, exception: false) != :wait_readable
      rescue SystemCallError
        true
      end

      def connect
        @http ||= HttpClient.open(@uri.port, host: @uri.host, timeout: @timeout).tap { @connects += 1 }
      rescue SystemCallError
        nil
      end

      def exchange(path)
        close = "connection: close\r\n" unless @keep_alive
        is_there = send_request("GET #{path} HTTP/1.1\r\nhost: bench\r\n#{close}\r\n")
        head = nil
        body = "".b
        head = @http.read_head
        @http.read_body(head) { |piece| body << piece }
        [:answered, head, body]
      rescue IO::TimeoutError
        [:hung, head, body]
      rescue IOError, SystemCallError
        missing = is_there ? :unanswered : :crossed
        [head ? :broken : missing, head, body]
      end

      # Over the loopback what is sent is there at once, and so is the end of a connection. Neither call gives up the VM
      # lock, so nothing comes between them.
      # @return [Boolean] whether the connection was still open when the request got there
      def send_request(text)
        @http.socket.write_nonblock(text)
        @http.socket.getsockopt(Socket::IPPROTO_TCP, Socket::TCP_INFO).data.getbyte(0) == ESTABLISHED
      end

      def reusable?(head) = @keep_alive && head["connection"] != "close"
    end
  end
end
