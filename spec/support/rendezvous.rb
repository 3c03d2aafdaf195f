# frozen_string_literal: true

require "fileutils"
require "socket"
require "tmpdir"

# Synchronises a spec with its app, whatever Ractor or process the app runs in. It is a Unix socket, and the app gets
# its path with the request.
class Rendezvous
  # Seconds; a guard against hanging.
  TIMEOUT = 20

  # An app that has arrived and sent its text, and that may be waiting for an answer.
  class Visitor
    # @return [String] the text that it sent
    attr_reader :text

    def initialize(socket)
      @socket = socket
      socket.timeout = TIMEOUT
      # Reads at once: the other end would get an error if the socket were closed before all is read.
      @text = socket.gets(chomp: true)
    end

    # @return [void]
    def answer(text = "go on")
      @socket.puts(text)
      @socket.close
    end

    # Releases the app if it is still waiting.
    # @return [void]
    def release
      answer unless @socket.closed?
    rescue Errno::EPIPE
      @socket.close
    end
  end

  # The methods that apps call.
  class << self
    # @return [void]
    def tell(path, text)
      UNIXSocket.open(path) { |socket| socket.puts(text) }
    end

    # Waits for the spec.
    # @return [String, nil] the spec's answer; nil if there is none
    def ask(path, text)
      UNIXSocket.open(path) do |socket|
        socket.puts(text)
        retry_timeouts { socket.gets(chomp: true) }
      end
    end

    private

    # In a Ractor the VM (3.4.5 and 4.0.5) sometimes ends a wait for a socket early, with a timeout that was never set.
    def retry_timeouts
      yield
    rescue IO::TimeoutError
      retry
    end
  end

  # @return [String]
  attr_reader :path

  def initialize
    @directory = Dir.mktmpdir("kino")
    @path = "#{@directory}/s"
    @server = UNIXServer.new(@path)
    @visitors = []
  end

  # @return [Visitor] waits for it
  def next
    @server.wait_readable(TIMEOUT) or raise "no app arrived"
    @visitors << Visitor.new(@server.accept)
    @visitors.last
  end

  # @return [Array<String>] the texts that have arrived by now and that {#next} has not taken
  def texts
    texts = []
    texts << self.next.text while @server.wait_readable(0)
    texts
  end

  # @return [void]
  def close
    @visitors.each(&:release)
    @server.close
    FileUtils.remove_entry(@directory)
  end
end
