# frozen_string_literal: true

require "socket"
require_relative "../clock"

module Bench
  module Chaos
    # Client processes that are killed in the middle of what they do. Each is a fork that begins, says so, and waits for
    # its end.
    class Mortals
      # At a time.
      CROWD = 8
      # Seconds that one may take to begin.
      PATIENCE = 10
      # Bytes that an upload announces, and sends.
      ANNOUNCED = 1_000_000
      SENT = "x" * (ANNOUNCED / 2)
      CHUNK = "#{(SENT.bytesize / 4).to_s(16)}\r\n#{"x" * (SENT.bytesize / 4)}\r\n".freeze
      DOWNLOAD = "GET /download HTTP/1.1\r\nhost: bench\r\n\r\n"

      # What they do before they are killed. The kernel ends a connection in order if all that came was read, else it
      # resets it; with a linger time of 0 it always does.
      DEEDS = {
        "upload" => ->(socket) { upload(socket) },
        "upload, reset" => ->(socket) { upload(reset_at_end(socket)) },
        "chunked upload" => ->(socket) { chunked_upload(socket) },
        "download, unread" => ->(socket) { download(socket) },
        "download, reset" => ->(socket) { download(reset_at_end(socket)) },
        "half a head" => ->(socket) { socket.write("GET /plain HTTP/1.1\r\nhos") },
        "kept alive" => ->(socket) { kept_alive(socket) }
      }.freeze

      class << self
        private

        def upload(socket)
          socket.write("POST /upload HTTP/1.1\r\nhost: bench\r\ncontent-length: #{ANNOUNCED}\r\n\r\n", SENT)
        end

        def chunked_upload(socket)
          socket.write("POST /upload HTTP/1.1\r\nhost: bench\r\ntransfer-encoding: chunked\r\n\r\n", CHUNK, CHUNK)
        end

        def download(socket)
          socket.write(DOWNLOAD)
          socket.readpartial(65_536)
        end

        def kept_alive(socket)
          socket.write("GET /plain HTTP/1.1\r\nhost: bench\r\n\r\n")
          socket.readpartial(65_536)
        end

        def reset_at_end(socket) = socket.tap { socket.setsockopt(Socket::Option.linger(true, 0)) }
      end

      # @param uri [URI] of the server
      def initialize(uri)
        @uri = uri
        @alive = {}
      end

      # @param count [Integer] how many are to die
      # @return [Hash{String=>Integer}] how many died of each kind; :failed are those that did not begin
      def run(count)
        @begun, @says = IO.pipe
        @begun.timeout = PATIENCE
        @killed = Hash.new(0)
        deeds = DEEDS.keys.cycle
        count.times do
          end_one while @alive.size >= CROWD
          bear(deeds.next)
        end
        end_one until @alive.empty?
        @killed
      ensure
        @alive.each_key { |pid| finish(pid) }
        [@begun, @says].each(&:close)
      end

      private

      def bear(deed)
        pid = Process.fork do
          @begun.close
          DEEDS.fetch(deed).call(TCPSocket.new(@uri.host, @uri.port).tap { |socket| @kept = socket })
          @says.write([Process.pid].pack("L"))
          sleep
        rescue SystemCallError, IOError
          # Not what the parent has registered to be done at its end.
          exit!(1)
        end
        @alive[pid] = deed
      end

      # Kills the one that has begun first.
      def end_one
        pid = @begun.read(4).unpack1("L")
        @killed[@alive.delete(pid)] += 1
        finish(pid)
      rescue IO::TimeoutError
        @killed[:failed] += @alive.size
        @alive.each_key { |stuck| finish(stuck) }
        @alive.clear
      end

      def finish(pid)
        Process.kill(:KILL, pid)
        Process.wait(pid)
      end
    end
  end
end
