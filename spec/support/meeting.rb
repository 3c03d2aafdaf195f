# frozen_string_literal: true

require "fileutils"
require "socket"
require "tmpdir"

# Where a spec meets its app, whatever Ractor or process that runs in: a unix socket, which the app knows by its path.
class Meeting
  # Seconds; a guard against hanging.
  LIMIT = 20

  # An app that has come, said its text, and may wait for an answer.
  class Visitor
    # @return [String] what it said
    attr_reader :text

    def initialize(socket)
      @socket = socket
      socket.timeout = LIMIT
      # At once: closing a socket before all is read would be an error for the other end.
      @text = socket.gets(chomp: true)
    end

    # @return [void]
    def answer(text = "go on")
      @socket.puts(text)
      @socket.close
    end

    # Lets it go, if it is still there.
    # @return [void]
    def dismiss
      answer unless @socket.closed?
    rescue Errno::EPIPE
      @socket.close
    end
  end

  # What an app calls.
  class << self
    # @return [void]
    def tell(path, text)
      UNIXSocket.open(path) { |socket| socket.puts(text) }
    end

    # @return [String, nil] what the spec answers; nil if it never does
    def ask(path, text)
      UNIXSocket.open(path) do |socket|
        socket.puts(text)
        patiently { socket.gets(chomp: true) }
      end
    end

    private

    # In a Ractor the VM (3.4.5 and 4.0.5) now and then ends a wait for a socket too early, and then
    # says that a time is over which nobody has set.
    def patiently
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
    @server.wait_readable(LIMIT) or raise "nobody came"
    @visitors << Visitor.new(@server.accept)
    @visitors.last
  end

  # @return [Array<String>] what was told until now and not taken by {#next}
  def told
    texts = []
    texts << self.next.text while @server.wait_readable(0)
    texts
  end

  # @return [void]
  def close
    @visitors.each(&:dismiss)
    @server.close
    FileUtils.remove_entry(@directory)
  end
end
