# frozen_string_literal: true

require_relative "../../../spec/support/http_client"
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
      CHUNK = ("x" * (SENT.bytesize / 4)).freeze

      # What they do before they are killed. The kernel ends a connection in order if all that came was read, else it
      # resets it; with a linger time of 0 it always does.
      DEEDS = {
        "upload" => ->(http) { upload(http) },
        "upload, reset" => ->(http) { upload(http.reset_on_close) },
        "chunked upload" => ->(http) { chunked_upload(http) },
        "download, unread" => ->(http) { download(http) },
        "download, reset" => ->(http) { download(http.reset_on_close) },
        "half a head" => ->(http) { http.write("GET /plain HTTP/1.1\r\nhos") },
        "kept alive" => ->(http) { http.get("/plain") }
      }.freeze

      class << self
        private

        def upload(http) = http.send_head("POST", "/upload", "content-length" => ANNOUNCED).write(SENT)

        def chunked_upload(http)
          http.send_head("POST", "/upload", "transfer-encoding" => "chunked").send_chunk(CHUNK).send_chunk(CHUNK)
        end

        def download(http) = http.send_head("GET", "/download").read_head
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
          DEEDS.fetch(deed).call(@kept = HttpClient.open(@uri.port, host: @uri.host))
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
