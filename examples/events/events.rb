# frozen_string_literal: true

# A page at /, a stream of ticks at /events, and at /now an answer of the usual length.
#
# What a stream costs: the body runs where the request ran, so an open stream holds one thread of one worker, asleep or
# not. Of N threads (workers x threads), N streams leave none for other requests, which then wait in the queue. So give
# such an app threads for as many streams as it shall serve, and some more; they cost little while they sleep.
module Events
  PAGE = File.read(File.join(__dir__, "page.html"), encoding: Encoding::UTF_8).freeze

  HTML = { "content-type" => "text/html; charset=utf-8", "cache-control" => "no-store" }.freeze
  TEXT = { "content-type" => "text/plain; charset=utf-8", "cache-control" => "no-store" }.freeze
  STREAM = { "content-type" => "text/event-stream", "cache-control" => "no-store" }.freeze

  # After so many events a stream ends. The browser comes back by itself and says which was the last it got; meanwhile
  # others had their turn.
  EVENTS = 300

  class << self
    def call(env)
      case env["PATH_INFO"]
      when "/" then answer(env, 200, HTML, PAGE)
      when "/now" then answer(env, 200, TEXT, "#{who}\n")
      when "/events" then [200, STREAM.dup, ticks(env)]
      else answer(env, 404, TEXT, "There is /, /events and /now.\n")
      end
    end

    private

    # Kino::EventStream is a body that responds to `call`. Its `wait` takes the place of `sleep`: it returns false as
    # soon as the browser has left or the server stops, so that neither is found out only by the next event. An event
    # that comes from elsewhere would be pushed by another thread while the stream is in `wait`.
    def ticks(env)
      first = env["HTTP_LAST_EVENT_ID"].to_i + 1
      seconds = seconds_between(env["QUERY_STRING"])
      Kino::EventStream.new(env["kino.request"]) do |events|
        EVENTS.times do |index|
          break unless index.zero? || events.wait(seconds)

          events.push("#{first + index} #{who}", id: first + index)
        end
      end
    end

    # /events?every=0.2, for the curious and for tests.
    def seconds_between(query)
      every = query[/\bevery=(\d+(?:\.\d+)?)/, 1]
      every ? every.to_f.clamp(0.001, 60) : 1
    end

    # In ractor mode with one thread a worker, it is the Ractor that has a name, else the thread.
    def who = Thread.current.name || Ractor.current.name

    # The headers are copied, since middleware may want to add to them.
    def answer(env, status, headers, text)
      head = env["REQUEST_METHOD"] == "HEAD"
      [status, headers.merge("content-length" => text.bytesize.to_s), head ? [] : [text]]
    end
  end
end
