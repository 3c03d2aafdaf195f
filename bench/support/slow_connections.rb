# frozen_string_literal: true

require_relative "../../spec/support/http_client"
require_relative "clock"

module Bench
  # Many connections that each send a request head at one byte per second, and reconnect when they are closed. They run
  # in a process of their own, so that they do not delay the client that is measured.
  class SlowConnections
    HEAD = "GET / HTTP/1.1\r\nHost: slow\r\nX-Slow: #{"x" * 1000}".freeze
    # The connections are divided into this many groups; each group sends once a second, in turn.
    SHARES = 50
    # Seconds to connect all, and to end.
    TIMEOUT = 30

    Client = Struct.new(:http, :sent) { def socket = http.socket }

    # @param uri [URI] of the server
    # @param count [Integer] connections
    def initialize(uri, count)
      @uri = uri
      @count = count
      @closed = 0
    end

    # Runs the block while the connections send.
    # @return [Integer] how many connections the server has closed
    def run
      reports, from = IO.pipe
      to, commands = IO.pipe
      pid = fork_sender([reports, commands], to, from)
      [to, from].each(&:close)
      reports.timeout = TIMEOUT
      reports.gets == "ready\n" or raise IOError, "the slow clients do not connect"
      yield
      commands.close
      Integer(reports.gets)
    ensure
      [reports, commands].each(&:close)
      finish(pid)
    end

    private

    def fork_sender(others, commands, reports)
      Process.fork do
        others.each(&:close)
        send_slowly(commands, reports)
        # Without the parent's at_exit handlers.
        exit!(0)
      rescue SystemCallError => e
        warn "slow clients: #{e.message}"
        exit!(1)
      end
    end

    # Also ends when the parent does, because that closes the pipe.
    def send_slowly(commands, reports)
      clients = Array.new(@count) { Client.new(connect, 0) }
      reports.puts("ready")
      shares = clients.each_slice((@count / SHARES.to_f).ceil).cycle
      due = Clock.now
      until commands.wait_readable([due - Clock.now, 0].max)
        shares.next.each { |client| send_byte(client) }
        due += 1.0 / SHARES
      end
      reports.puts(@closed)
    end

    def connect = HttpClient.open(@uri.port, host: @uri.host, timeout: TIMEOUT)

    def send_byte(client)
      return reconnect(client) unless client.socket.read_nonblock(4096, exception: false) == :wait_readable

      client.socket.write_nonblock(HEAD[client.sent % HEAD.size])
      client.sent += 1
    rescue SystemCallError
      reconnect(client)
    end

    def reconnect(client)
      @closed += 1
      client.http.close
      client.http = connect
      client.sent = 0
    end

    def finish(pid)
      Clock.wait(TIMEOUT) { Process.wait(pid, Process::WNOHANG) } && return
      Process.kill(:KILL, pid)
      Process.wait(pid)
    end
  end
end
