# frozen_string_literal: true

require "digest/sha2"
require_relative "../../spec/support/http_client"
require_relative "../apps/soak"

module Bench
  # The requests of bench/transfer. Each returns nil, or what was wrong with the response.
  class TransferRequests
    PIECE = Random.new(1).bytes(HttpClient::PIECE).freeze
    # Milliseconds for which one side keeps the other waiting.
    PAUSE = 1000
    PIPELINED = 100

    # @param uri [URI] of the server
    # @param bytes [Integer] size of a large body, a multiple of 64 KiB
    def initialize(uri, bytes:)
      @uri = uri
      @bytes = bytes
      @pieces = bytes / PIECE.bytesize
    end

    # @param pause [Integer] milliseconds that the app waits before it reads
    def upload_with_length(pause: 0)
      upload({ "content-length" => @bytes }, pause:) { |client| @pieces.times { client.write(PIECE) } }
    end

    def upload_chunked
      upload({ "transfer-encoding" => "chunked" }, pause: 0) do |client|
        @pieces.times { client.send_chunk(PIECE) }
        client.send_last_chunk
      end
    end

    # @param path [String] /stream or /call
    # @param pause [Integer] milliseconds that the client pauses after the first piece
    def download(path, pause: 0)
      blocks = @bytes / SoakApp::BLOCK.bytesize
      sum = Digest::SHA256.new
      size = 0
      HttpClient.open(@uri.port, host: @uri.host) do |client|
        client.send_head("GET", "#{path}?blocks=#{blocks}")
        client.read_response do |piece|
          sleep pause / 1000.0 if size.zero?
          size += piece.bytesize
          sum << piece
        end
      end
      "#{size} bytes, or wrong ones" unless size == @bytes && sum.hexdigest == digest(SoakApp::BLOCK, blocks)
    end

    # Sends all requests before reading the first response.
    def pipelined
      HttpClient.open(@uri.port, host: @uri.host) do |client|
        client.write(Array.new(PIPELINED) { |index| small_request(index) }.join)
        PIPELINED.times do |index|
          response = client.read_response
          seen = [response.status, response["x-request-id"], response.body]
          return "response #{index}: #{response}" unless seen == [200, index.to_s, small_body(index)]
        end
      end
      nil
    end

    private

    def upload(framing, pause:)
      received = HttpClient.open(@uri.port, host: @uri.host) do |client|
        yield client.send_head("POST", "/upload?pause=#{pause}", framing)
        client.read_response.body
      end
      "the app received #{received}" unless received == "#{@bytes} #{digest(PIECE, @pieces)}"
    end

    def digest(piece, count)
      (@digests ||= {})[piece] ||= Digest::SHA256.new.tap { |sum| count.times { sum << piece } }.hexdigest
    end

    # Alternates between four kinds.
    def small_request(index)
      head = "HTTP/1.1\r\nhost: bench\r\nx-request-id: #{index}\r\n"
      case index % 4
      when 0 then "GET /plain #{head}\r\n"
      when 1 then "POST /upload #{head}content-length: 5\r\n\r\nhello"
      when 2 then "GET /stream?blocks=2 #{head}\r\n"
      else "POST /upload #{head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
      end
    end

    def small_body(index)
      case index % 4
      when 0 then "plain\n"
      when 2 then SoakApp::BLOCK * 2
      else "5 #{Digest::SHA256.hexdigest("hello")}"
      end
    end
  end
end
