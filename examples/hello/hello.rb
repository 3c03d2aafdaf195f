# frozen_string_literal: true

require "kino/version"

# A small app that shows who serves it. A module is shareable between Ractors as it is; the constants are frozen all
# the way down, so that every Ractor may read them.
module Hello
  HTML = { "content-type" => "text/html; charset=utf-8", "cache-control" => "no-store" }.freeze
  TEXT = { "content-type" => "text/plain; charset=utf-8", "cache-control" => "no-store" }.freeze

  ESCAPES = { "&" => "&amp;", "<" => "&lt;", ">" => "&gt;", '"' => "&quot;", "'" => "&#39;" }.freeze

  PAGE = File.read(File.join(__dir__, "page.html"), encoding: Encoding::UTF_8).freeze

  class << self
    def call(env)
      return answer(405, TEXT, "Only GET and HEAD here.\n", env, "allow" => "GET, HEAD") unless reading?(env)

      case env["PATH_INFO"]
      when "/", "" then answer(200, HTML, page(env), env)
      when "/whoami" then answer(200, TEXT, whoami_after_some_work, env)
      else answer(404, TEXT, "There is / and there is /whoami.\n", env)
      end
    end

    private

    def reading?(env) = %w[GET HEAD].include?(env["REQUEST_METHOD"])

    # The headers are copied, since middleware may want to add to them.
    def answer(status, headers, text, env, more = {})
      head = env["REQUEST_METHOD"] == "HEAD"
      [status, headers.merge("content-length" => text.bytesize.to_s, **more), head ? [] : [text]]
    end

    def page(env)
      facts = {
        "served by" => whoami, "mode" => mode, "path" => "#{env["SCRIPT_NAME"]}#{env["PATH_INFO"]}",
        "query" => env["QUERY_STRING"].to_s, "Kino" => Kino::VERSION, "Ruby" => RUBY_VERSION
      }
      rows = facts.map { |name, value| "<dt>#{escape(name)}</dt><dd>#{escape(value)}</dd>" }
      PAGE.sub("<!-- facts -->") { rows.join }
    end

    # Without the work the first worker would answer all requests before another one wakes up.
    def whoami_after_some_work
      fibonacci(22)
      "#{whoami}\n"
    end

    def fibonacci(number) = number < 2 ? number : fibonacci(number - 1) + fibonacci(number - 2)

    # Ruby has no method for the number of a Ractor; it stands in what `inspect` says: #<Ractor:#3 ...>.
    def whoami
      return "thread #{thread_name} of the main Ractor" if Ractor.main?

      ractor = Ractor.current
      [ractor.inspect[/#<(Ractor:#\d+)/, 1], ractor.name].compact.join(" ")
    end

    def thread_name = Thread.current.name || Thread.current.native_thread_id.to_s

    def mode = Ractor.main? ? "threaded" : "ractor"

    def escape(text)
      text.dup.force_encoding(Encoding::UTF_8).scrub("?").gsub(/[&<>"']/, ESCAPES)
    end
  end
end
