# frozen_string_literal: true

require_relative "websocket"

# A page at /, and at /echo a WebSocket that sends back what it gets.
#
# The app answers the upgrade with 101 and a body that responds to `call`. The body gets the connection as a plain
# socket, and may speak on it what it likes until it returns; here that is left to the class WebSocket.
#
# It runs where the request ran: until the client leaves, one connection holds one thread of one worker. With all of
# them held, the next request waits in the queue.
module Echo
  PAGE = File.read(File.join(__dir__, "page.html"), encoding: Encoding::UTF_8).freeze

  HTML = { "content-type" => "text/html; charset=utf-8", "cache-control" => "no-store" }.freeze
  TEXT = { "content-type" => "text/plain; charset=utf-8", "cache-control" => "no-store" }.freeze

  # Bytes of the longest message.
  LONGEST = 1024 * 1024

  # Seconds for which a client may send nothing, or not read what it is sent: it holds a worker meanwhile.
  PATIENCE = 300

  class << self
    def call(env)
      case env["PATH_INFO"]
      when "/" then answer(env, 200, HTML, PAGE)
      when "/echo" then upgrade(env)
      else answer(env, 404, TEXT, "There is / and there is /echo.\n")
      end
    end

    private

    def upgrade(env)
      return answer(env, 403, TEXT, "Only for pages of this site.\n") unless same_origin?(env)

      headers = WebSocket.accept(env)
      return [101, headers, ->(socket) { echo(socket) }] if headers

      answer(env, 426, TEXT, "Only for WebSockets.\n", WebSocket::WANTED)
    end

    # A browser lets the pages of every site open a WebSocket to this one, and says in Origin which it was. Other
    # clients send none.
    def same_origin?(env)
      origin = env["HTTP_ORIGIN"]
      origin.nil? || origin.sub(%r{\Ahttps?://}, "") == env["HTTP_HOST"]
    end

    def echo(socket)
      # Rack promises a stream; ours is a socket, unless a middleware has wrapped it.
      socket.timeout = PATIENCE if socket.respond_to?(:timeout=)
      connection = WebSocket.new(socket, longest: LONGEST)
      while (message = connection.receive)
        connection.write(message)
      end
    rescue IOError, SystemCallError
      # The client has gone without a word, or its time was over. Kino closes the socket.
    end

    # The headers are copied, since middleware may want to add to them.
    def answer(env, status, headers, text, more = {})
      head = env["REQUEST_METHOD"] == "HEAD"
      [status, headers.merge("content-length" => text.bytesize.to_s, **more), head ? [] : [text]]
    end
  end
end
