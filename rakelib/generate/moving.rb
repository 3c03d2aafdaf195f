# frozen_string_literal: true

require "kino/config/puma_file/table"

module Generate
  # doc/puma.md: for those who come from Puma.
  module Moving
    TABLE = Kino::Config::PumaFile::Table::ALL

    # What it is made from.
    SOURCES = %w[lib/kino/config/puma_file/table.rb rakelib/generate/moving.rb].freeze

    HEADING = <<~MARKDOWN.freeze
      <!-- Made by `rake generate` from #{SOURCES.join(" and ")}: change those. -->

      # Moving from Puma

          kino --init --from config/puma.rb

      writes a `kino.rb` with the settings of a Puma configuration, and lists in it what was left out and why. Puma need
      not be installed. The file is run in the current environment: values that it computes from `ENV` are used as they
      are, and a note shows the code. `single` and `cluster` blocks count if the file asks for that mode. Code that
      needs something that is missing, such as Puma itself, a gem or an environment variable, is left out and listed,
      and so is code that depends on it; the rest is translated.

      ## What is different

      - **Processes.** Puma forks workers; Kino has one process. If the app can be shared between Ractors, its workers
        are Ractors, each on a core of its own; otherwise they are `workers` x `threads` threads. Threads share one lock
        in Ruby, so an app that needs much CPU and cannot be shared uses one core in Kino: run several Kinos then.
      - **Connection pools** belong to a process, so in Kino they need room for `workers` x `threads`.
        `RAILS_MAX_THREADS=5` means 5 threads in the whole process in threaded mode, like in one process of Puma's,
        which fits the pool that Rails sizes by it; `WEB_CONCURRENCY` does not multiply it. `threads 5` in `kino.rb` is
        per worker. See [Rails](rails.md#rails).
      - **Environment.** `RACK_ENV` precedes `RAILS_ENV`, as with Puma; Kino ignores `APP_ENV`.
      - **Addresses.** The default is 127.0.0.1. `port` is not an address of its own, but the port of those that name none.
      - **Request bodies** come from the network as the app reads them, and cannot be rewound: see
        [below](#what-an-app-may-stumble-over).
      - **Signals.** `TERM`, `INT` and `QUIT` stop. `USR2` restarts, without closing the socket. `USR1` is not a phased
        restart; it prints stats. `TTIN` and `TTOU` do the same in both. See [signals](process.md#signals).
      - **Slow clients, full queues and hanging requests** have settings: see [configuration](configuration.md).

      ## What an app may stumble over

      Kino follows Rack 3, where Puma also accepts what Rack 2 allowed.

      - **`rack.input` has no `rewind`.** Code such as `request.body.rewind` raises NoMethodError, and a body can be
        read only once. This matters for webhooks whose signature covers the raw body: for a form, the framework has
        read it for the parameters before the app calls `request.body.read` or Rails' `request.raw_post`. (JSON is safe:
        Sinatra leaves it unread, and Rails keeps it for `raw_post`.) Read the body before the parameters, or put Rack's
        own middleware in front of the app:

        ```ruby
        # config.ru; for Rails see rails.md
        require "rack/rewindable_input"
        use Rack::RewindableInput::Middleware
        ```

        It copies each body that is read to a temporary file first, so that an upload reaches the app once it is
        complete.
      - **Response headers** have Strings for names, and for values Strings or Arrays of Strings. Puma also sends
        Symbols for names, and makes several lines of `"a=1\\nb=2"`. Kino answers 500, and the log names the header.
        Write `"set-cookie" => ["a=1", "b=2"]` and `"x-name" => "value"`.
      - **`transfer-encoding`** from the app may only say that the body is `chunked` already, and then it must be: see
        [the answer](http.md#the-answer).
      - **`rack.errors`** writes to stderr as any IO does, but cannot be redirected by `reopen`, and `close` does
        nothing.
      - **The env** is without `REQUEST_URI`, `REQUEST_PATH`, `SERVER_SOFTWARE`, `GATEWAY_INTERFACE`, `rack.version`,
        `rack.multithread`, `rack.multiprocess`, `rack.run_once`, `rack.after_reply` and `puma.*`. `rack.hijack` returns
        the socket and sets no `rack.hijack_io`. For `rack.after_reply` there is `rack.response_finished`.

    MARKDOWN

    SECTIONS = {
      value: %w[Settings Kino different], hook: %w[Hooks Kino different],
      needless: ["Not needed", nil, "for"], elsewhere: ["Said elsewhere", nil, "how"],
      missing: ["Not there", nil, "why"]
    }.freeze

    # These depend on the value, and never become a setting.
    DECIDED = {
      log_requests: "put `use Rack::CommonLogger` into config.ru", plugin: "depends on which; most are Puma's"
    }.freeze

    class << self
      # @return [String]
      def text = [HEADING, *SECTIONS.map { |kind, titles| section(kind, *titles) }].join.chomp

      private

      def section(kind, title, target, words)
        columns = ["Puma", target, words].compact
        rows = TABLE.select { |entry| kind_of(entry) == kind }.map { |entry| row(entry, target) }
        ["## #{title}\n\n", "| #{columns.join(" | ")} |\n", "|#{"---|" * columns.size}\n", *rows, "\n"].join
      end

      def kind_of(entry) = entry.kind == :value && entry.becomes.empty? ? :elsewhere : entry.kind

      def row(entry, target)
        cells = [list(entry.names), *(list(entry.becomes) if target), entry.words || DECIDED[entry.names.first]]
        "| #{cells.join(" | ")} |\n"
      end

      def list(names) = names.map { |name| "`#{name}`" }.join(", ")
    end
  end
end
