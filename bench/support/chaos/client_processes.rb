# frozen_string_literal: true

require_relative "../../../spec/support/http_client"
require_relative "../clock"

module Bench
  module Chaos
    # Client processes that are killed in the middle of a request. Each is a fork that starts its activity, reports
    # that, and waits to be killed.
    class ClientProcesses
      # How many run at a time.
      CONCURRENCY = 8
      # Seconds that one may take to start.
      TIMEOUT = 10
      # Bytes that an upload announces, and sends.
      ANNOUNCED = 1_000_000
      SENT = "x" * (ANNOUNCED / 2)
      CHUNK = ("x" * (SENT.bytesize / 4)).freeze

      # What they are doing when they are killed. The kernel closes the connection with a FIN if everything received was
      # read, and resets it otherwise; with a linger time of 0 it always resets it.
      ACTIVITIES = {
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

      # @param count [Integer] how many to kill
      # @return [Hash{String=>Integer}] how many of each kind were killed; :failed are those that did not start
      def run(count)
        @started, @reports = IO.pipe
        @started.timeout = TIMEOUT
        @killed = Hash.new(0)
        activities = ACTIVITIES.keys.cycle
        count.times do
          kill_one while @alive.size >= CONCURRENCY
          spawn(activities.next)
        end
        kill_one until @alive.empty?
        @killed
      ensure
        @alive.each_key { |pid| finish(pid) }
        [@started, @reports].each(&:close)
      end

      private

      def spawn(activity)
        pid = Process.fork do
          @started.close
          ACTIVITIES.fetch(activity).call(@kept = HttpClient.open(@uri.port, host: @uri.host))
          @reports.write([Process.pid].pack("L"))
          sleep
        rescue SystemCallError, IOError
          # Without the parent's at_exit handlers.
          exit!(1)
        end
        @alive[pid] = activity
      end

      # Kills the one that started first.
      def kill_one
        pid = @started.read(4).unpack1("L")
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
