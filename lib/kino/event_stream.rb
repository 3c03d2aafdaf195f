# frozen_string_literal: true

require "kino/errors"

module Kino
  # A body of server-sent events (`text/event-stream`) that notices when the client leaves and when the server stops.
  #
  # The block runs on the request's thread, and occupies it until it returns. The block pushes events itself, or other
  # threads of the same Ractor do while it is in {#wait}:
  #
  #     events = Kino::EventStream.new(env["kino.request"]) do |events|
  #       NEWS.subscribe(events) # calls events.push(text), from whatever thread
  #       events.wait
  #     ensure
  #       NEWS.unsubscribe(events)
  #     end
  #     [200, Kino::EventStream::HEADERS.dup, events]
  #
  # {#wait} returns as soon as the client leaves or the server stops, without polling. Every `heartbeat` seconds it
  # sends a comment. That keeps proxies from closing the connection, and detects clients whose network has failed
  # silently.
  class EventStream
    # Headers for the answer. Use a copy.
    HEADERS = { "content-type" => "text/event-stream", "cache-control" => "no-store" }.freeze

    HEARTBEAT = ":\n\n"
    private_constant :HEARTBEAT

    # @param request [Request] `env["kino.request"]`
    # @param heartbeat [Numeric] seconds after which a comment is sent; `Float::INFINITY` for none
    # @param limit [Integer] events that may wait to be written. One more ends the stream, because the client reads too
    #   slowly: an EventSource reconnects by itself and says which event it got last
    # @yieldparam events [EventStream] this stream; the answer ends when the block returns
    # @raise [ArgumentError] without a block, or for a heartbeat that is not positive
    def initialize(request, heartbeat: 15, limit: 1024, &block)
      raise ArgumentError, "a stream of events needs a block" unless block
      raise ArgumentError, "a heartbeat must be more than 0 seconds, got #{heartbeat}" unless heartbeat.positive?

      @request = request
      @heartbeat = heartbeat
      @limit = limit
      @block = block
      @waiting = Thread::Queue.new
    end

    # Sends an event: at once if called on the request's thread, otherwise as soon as that is in {#wait}.
    #
    # @param data [#to_s] its text, which may have several lines
    # @param event [#to_s, nil] its type; browsers take none as `message`
    # @param id [#to_s, nil] the `Last-Event-ID` that the client sends when it reconnects
    # @param retry_ms [Integer, nil] milliseconds that the client should wait before it reconnects
    # @return [Boolean] false if the stream is over, so that the client does not get the event
    # @raise [ArgumentError] for an `event` or `id` with a line break
    # @raise [DisconnectedError] on the request's thread, if the client has left
    def push(data, event: nil, id: nil, retry_ms: nil)
      text = format_event(data, event:, id:, retry_ms:)
      return false if closed?

      Thread.current == @thread ? write_now(text) : enqueue(text)
      !closed?
    end

    # @param data [#to_s] see {#push}
    # @return [self]
    def <<(data)
      push(data)
      self
    end

    # Waits on the request's thread; meanwhile writes the events that other threads push, and the heartbeats.
    #
    # @param seconds [Numeric, nil] for how long; nil until the stream is over
    # @return [Boolean] whether the stream goes on: false once the client has left, the server stops, or {#close} was
    #   called
    # @raise [DisconnectedError] if a write finds that the client has left
    def wait(seconds = nil)
      deadline = now + seconds if seconds
      until closed?
        flush
        left = deadline && (deadline - now)
        return true if left && left <= 0

        pass_time(left)
      end
      flush
      false
    end

    # Ends the stream once the waiting events are written: {#wait} returns false. Any thread of the Ractor may call it.
    # @return [void]
    def close
      @waiting.close
      @request.wake
    end

    # @return [Boolean] whether the stream is over or about to end
    def closed? = !@end.nil? || @waiting.closed?

    # Runs the block.
    # @api private
    # @param stream [Rack::Stream]
    # @return [void]
    def call(stream)
      @thread = Thread.current
      @stream = stream
      @beat = now + @heartbeat
      @block.call(self)
      flush
    ensure
      close
      stream.close
    end

    private

    # Waits until something happens, or it is time for a heartbeat.
    def pass_time(most)
      @end ||= @request.wait_end([most, @beat - now].compact.min.clamp(0, nil), true)
      write(HEARTBEAT) if @end.nil? && now >= @beat
    end

    # Writes after what other threads have pushed before.
    def write_now(text)
      flush
      write(text)
    end

    def flush
      return if @end == :disconnected

      while (text = @waiting.pop(timeout: 0))
        write(text)
      end
    end

    def write(text)
      @stream.write(text)
      @beat = now + @heartbeat
    end

    def enqueue(text)
      return close if @waiting.size >= @limit

      @waiting << text
      @request.wake
    rescue ClosedQueueError
      nil # the stream has ended meanwhile
    end

    def format_event(data, event:, id:, retry_ms:)
      fields = { "event" => event, "id" => id, "retry" => retry_ms }.compact
      lines = fields.map { |name, value| "#{name}: ".b << one_line(name, bytes(value)) << "\n" }
      # A line ends with LF, CR or both (the standard's "stream" grammar); -1 keeps an empty last line.
      text = bytes(data)
      text.split(/\r\n|\n|\r/, -1).each { |line| lines << ("data: ".b << line << "\n") }
      lines << "data: \n" if text.empty?
      "#{lines.join}\n"
    end

    # Accepts malformed text, because a push to many streams must not raise at one of them; browsers replace bad bytes.
    def bytes(value)
      text = value.to_s
      (text.encoding.ascii_compatible? ? text : text.encode(Encoding::UTF_8)).b
    end

    def one_line(name, value)
      raise ArgumentError, "an event's #{name} is one line, got #{value.inspect}" if value.match?(/[\r\n\0]/)

      value
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
