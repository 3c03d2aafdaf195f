# frozen_string_literal: true

require_relative "../../../spec/support/http_client"
require_relative "../clock"

module Bench
  module Chaos
    # What became of a request. `kind` is
    #
    # - :answered, with a `status`;
    # - :broken, the connection ended during the response;
    # - :unanswered, the connection ended before the response began, although the request had arrived in time;
    # - :crossed, the connection was closed before the request arrived, so nothing was lost;
    # - :hung, there was no response in time;
    # - :refused, the connection could not be made.
    #
    # `fresh` is whether it was the first request of its connection.
    Outcome = Data.define(:kind, :status, :headers, :body, :seconds, :fresh) do
      # @return [Integer, Symbol] the status, or what happened instead of a response
      def result = kind == :answered ? status : kind
    end

    # A client that keeps its connection, and records what became of each request.
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
      # @return [Outcome]
      def get(path)
        started = Clock.now
        close if closed_meanwhile?
        fresh = @http.nil?
        kind, head, body = connect ? exchange(path) : :refused
        close unless kind == :answered && reusable?(head)
        seconds = Clock.now - started
        Outcome.new(kind:, status: head&.status, headers: head&.headers.to_h, body:, seconds:, fresh:)
      end

      # @return [void]
      def close
        @http&.close
        @http = nil
      end

      private

      # A server may close a connection on which no request is pending.
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
        arrived = send_request("GET #{path} HTTP/1.1\r\nhost: bench\r\n#{close}\r\n")
        head = nil
        body = "".b
        head = @http.read_head
        @http.read_body(head) { |piece| body << piece }
        [:answered, head, body]
      rescue IO::TimeoutError
        [:hung, head, body]
      rescue IOError, SystemCallError
        missing = arrived ? :unanswered : :crossed
        [head ? :broken : missing, head, body]
      end

      # Over the loopback, bytes and the end of a connection arrive at once. Neither call gives up the VM lock, so
      # nothing runs between them.
      # @return [Boolean] whether the connection was still open when the request arrived
      def send_request(text)
        @http.socket.write_nonblock(text)
        @http.socket.getsockopt(Socket::IPPROTO_TCP, Socket::TCP_INFO).data.getbyte(0) == ESTABLISHED
      end

      def reusable?(head) = @keep_alive && head["connection"] != "close"
    end
  end
end
