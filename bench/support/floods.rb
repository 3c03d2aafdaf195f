# frozen_string_literal: true

require "openssl"
require "optparse"
require "tempfile"
require "kino/native"
require_relative "../../spec/support/http_client"
require_relative "clock"
require_relative "kino_process"

module Bench
  # What clients send that mean harm, on a connection of their own each.
  module Floods
    PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".b
    # :method GET, :scheme http, :path / and :authority a, from HPACK's static table.
    HEADERS = "\x82\x86\x84\x41\x01a".b
    # One header that the table then has, and indexes that name it again and again.
    BOMB = ("\x40\x01a\x7f\xa1\x1e".b + ("a" * 4000) + ("\xbe".b * 12_000)).b

    class << self
      def frame(type, flags, stream, payload = "")
        [payload.bytesize >> 16, payload.bytesize & 0xffff, type, flags, stream].pack("CnCCN") + payload.b
      end

      def opening(settings = "") = PREFACE + frame(4, 0, 0, settings)

      # @yieldparam stream [Integer]
      # @return [String] frames on so many new streams
      def streams(count, first = 1) = Array.new(count) { |at| yield first + (2 * at) }.join

      def request(stream, flags = 5) = frame(1, flags, stream, HEADERS)
    end

    # The first bytes, and what is sent again and again; nil to send nothing more.
    ALL = {
      "rapid reset" => [opening, streams(500) { |stream| request(stream) + frame(3, 0, stream, [8].pack("N")) }],
      "CONTINUATION" => [opening + frame(1, 1, 1, HEADERS), frame(9, 0, 1, "\x00\x01a\x01b".b * 100)],
      "SETTINGS" => [opening, frame(4, 0, 0, [3, 100].pack("nN")) * 200],
      "PING" => [opening, frame(6, 0, 0, "12345678") * 200],
      "empty frames" => [opening + frame(1, 4, 1, HEADERS), frame(0, 0, 1) * 500],
      "HPACK bomb" => [opening, streams(20) { |stream| frame(1, 5, stream, HEADERS + BOMB) }],
      # A window of 0, so that no response can be sent, and 100 requests.
      "0 window" => [opening([4, 0].pack("nN")) + streams(100) { |stream| request(stream) }, nil],
      # Requests whose bodies never come.
      "stalled streams" => [opening + streams(100) { |stream| request(stream, 4) }, nil]
    }.freeze

    # In the handshake of TLS: silence, and half a record.
    TLS = { "TLS, silent" => ["", nil], "TLS, half a hello" => ["\x16\x03\x01\x02\x00\x01\x00".b, nil] }.freeze
  end

  # A child process that opens connections, floods each as long as the server lets it, and opens the next.
  class Flooder
    # Connections at a time.
    CONNECTIONS = 25
    # Seconds between two rounds of writes, so that the flooder leaves the machine some time.
    PAUSE = 0.02

    # @param port [Integer]
    # @param opening [String] see {Floods::ALL}
    # @param again [String, nil]
    # @param seconds [Numeric] it ends by itself
    def initialize(port, opening, again, seconds)
      @pid = fork { flood(port, opening, again, Clock.now + seconds) }
    end

    # @return [void]
    def wait = Process.wait(@pid)

    private

    def flood(port, opening, again, deadline)
      Process.setpriority(Process::PRIO_PROCESS, 0, 19)
      sockets = []
      while Clock.now < deadline
        sockets.reject! { |socket| !write(socket, again) && socket.close.nil? }
        sockets << connect(port, opening) while sockets.size < CONNECTIONS
        sleep PAUSE
      end
    rescue SystemCallError, Interrupt
      nil
    ensure
      exit!(0)
    end

    def connect(port, opening) = TCPSocket.new("127.0.0.1", port).tap { |socket| write(socket, opening) }

    # @return [Boolean] whether the connection still takes what is sent
    def write(socket, bytes)
      return !socket.read_nonblock(65_536, exception: false).nil? unless bytes

      socket.write_nonblock(bytes, exception: false)
      true
    rescue SystemCallError, IOError
      false
    end
  end

  # A client that asks for one thing after another, and the memory of the server meanwhile.
  class Bystander
    # @param server [KinoProcess]
    # @param port [Integer]
    def initialize(server, port)
      @server = server
      @port = port
    end

    # @return [Array(Float, Float)] the 99th percentile in milliseconds, and MiB of the server at the end
    def watch(seconds)
      times = []
      deadline = Clock.now + seconds
      HttpClient.open(@port) do |client|
        while (began = Clock.now) < deadline
          raise "not answered" unless client.get("/").status == 200

          times << (Clock.now - began)
          sleep 0.001
        end
      end
      [times.sort[(times.size * 0.99).to_i] * 1e3, memory]
    end

    private

    def memory = File.read("/proc/#{@server.pid}/status")[/VmRSS:\s+(\d+)/, 1].to_i / 1024.0
  end
end

options = { mode: "ractor", seconds: 5 }
OptionParser.new("Usage: bench/floods [options]") do |on|
  on.on("--mode MODE", %w[ractor threaded]) { |mode| options[:mode] = mode }
  on.on("--seconds N", Integer, "of each flood") { |count| options[:seconds] = count }
end.parse!(ARGV)

Tempfile.create("kino") do |file|
  today = Time.now
  dates = [today - 86_400, today + 86_400].map { |time| [time.year, time.month, time.day] }
  file.write(Kino::Native.dev_certificate(*dates).join)
  file.flush
  addresses = %W[--bind tcp://127.0.0.1:0 --bind ssl://127.0.0.1:0 --tls cert=#{file.path},key=#{file.path}]
  Bench::KinoProcess.new("bench/apps/small.ru", "--mode", options[:mode], *addresses).run do |server|
    plain, secure = server.banner.grep(/^listening: /) { |line| URI(line.split.last).port }
    bystander = Bench::Bystander.new(server, plain)
    puts "p99 in ms and MiB in use; quiet before each"
    Bench::Floods::ALL.merge(Bench::Floods::TLS).each do |name, (opening, again)|
      quiet, = bystander.watch(2)
      flooder = Bench::Flooder.new(name.start_with?("TLS") ? secure : plain, opening, again, options[:seconds])
      flooded, memory = bystander.watch(options[:seconds])
      flooder.wait
      puts format("%<name>-20s quiet %<quiet>6.2f  flooded %<flooded>6.2f  (%<ratio>.1f x)  %<memory>6.1f MiB",
                  name:, quiet:, flooded:, ratio: flooded / quiet, memory:)
    end
  end
end
