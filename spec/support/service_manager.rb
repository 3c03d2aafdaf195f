# frozen_string_literal: true

require "fileutils"
require "socket"
require "tmpdir"

# Receives the notifications of services, as systemd does: a datagram socket with a path or an abstract name.
class ServiceManager
  # Seconds; a guard against hanging.
  LIMIT = 20

  # @return [String] for NOTIFY_SOCKET
  attr_reader :name

  def initialize(abstract: false)
    @directory = Dir.mktmpdir("kino")
    path = "#{@directory}/notify"
    @name = abstract ? "@#{path}" : path
    @socket = Socket.new(:UNIX, :DGRAM)
    @socket.bind(Socket.sockaddr_un(abstract ? "\0#{path}" : path))
  end

  # @return [Hash{String => String}] the next message; waits for it
  def next
    @socket.wait_readable(LIMIT) or raise "no message arrived"
    @socket.recv(4096).lines(chomp: true).to_h { |line| line.split("=", 2) }
  end

  # @return [Hash{String => String}] the next message that is not a watchdog ping
  def next_news
    loop { self.next.then { |said| return said unless said == { "WATCHDOG" => "1" } } }
  end

  # @return [Boolean] whether there is no further message
  def quiet? = @socket.wait_readable(0).nil?

  # @return [void]
  def close
    @socket.close
    FileUtils.remove_entry(@directory)
  end
end
