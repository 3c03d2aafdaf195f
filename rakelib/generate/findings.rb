# frozen_string_literal: true

require "kino/check/causes"
require_relative "frameworks"

module Generate
  # doc/ractors.md: what `kino --check` finds, and how it is mended.
  module Findings
    # What it is made from.
    SOURCES = %w[lib/kino/check/causes.rb rakelib/generate/findings.rb spec/support/frameworks/*.rb].freeze

    HEADING = <<~MARKDOWN.freeze
      <!-- Made by `rake generate` from #{SOURCES.join(" and ")}: change those. -->

      # Apps for Ractors

      A Ractor may only use what is shareable: modules, classes, and objects that are frozen all the way down. A
      shareable app may still raise when it is called: a class is always shareable, but what its methods use may not be.
      So

          kino --check

      inspects the objects that the app holds, and reads the code that a call reaches through constant names. It calls
      nothing of the app, freezes nothing and changes nothing. `--json` is for tools; `Kino::Check.report(app)` does the
      same in a program.

      A finding is certain if every request reaches it, and possible if only some do, or if it depends on what is not
      known in advance. It shows the keys of a Hash only if they consist of words; others may be secrets.

      Mode `auto` takes no risk: it picks threads for an app that cannot be shared, for one with a finding in its code,
      certain or possible, and for one whose code it cannot read completely (a thousand methods and blocks, 2 seconds of
      CPU time). Only findings that threads would raise, too (`no_app`, `frozen`), and calls that cannot be followed do
      not count. So a few apps run on threads although Ractors would work: try them with `--request`, as below, and use
      `-m ractor`, which accepts any app that can be shared. With `-m ractor` and `-m threaded` the check is not even
      loaded. If `auto` has picked Ractors and the app raises what only a Ractor raises, the server [falls back to
      threads](operations.md#demotion-to-threads).

          kino --check --request "GET /" --request "GET /orders"

      also calls the app, if it can be shared: in a temporary Ractor, for at most 30 seconds, to the end of the
      response. It reports what is raised, an invalid response, and a status of 500 or more. The exit status is 0 if
      nothing was found, or if there are only possible findings and each request succeeded; otherwise it is 1.

      ## What is not found

      A check that runs nothing cannot see everything. It follows a call if it knows the receiver: a module, an object
      that the app holds, an object that the request makes from a class, and what Ruby's own methods return for these.
      For other receivers it reads the app's own methods with that name, if there are at most four. It does not see what
      `eval` of a String does, what is loaded later, what goes through `env` or `Thread.current`, or what C extensions
      do. The report says how many calls could not be followed (`unfollowed` in JSON). So the absence of findings is no
      proof; a successful request is, for the code that it ran. Give one for each kind of response that the app has.

      ## Middleware

      `use` and `map` of a rackup file wrap the app in objects that are not frozen, and `run` gets only the innermost
      app. So build the whole app in one expression, and run that:

      ```ruby
      class Stamp
        def initialize(app, name) = (@app, @name = app, name)

        def call(env)
          status, headers, body = @app.call(env)
          [status, headers.merge("x-stamp" => @name), body]
        end
      end

      module App
        def self.call(_env) = [200, {}, ["ok"]]
      end

      app = Rack::Builder.app do
        use Stamp, "a"
        map("/admin") { run App }
        run App
      end

      run Ractor.make_shareable(app)
      ```

      `use` and `map` must be within the block: outside of it they wrap the frozen app, and are not frozen themselves.
      This works for middleware that sets no instance variables in `call`. If one does, `kino --check` names it: write
      `def call(env) = dup._call(env)` there, and rename the old `call` to `_call`, or use local variables.

      ## Procs in a request

      With YJIT before Ruby 4.1, each Proc that outlives its frame stops all Ractors; [below](#yjit) is what that costs.
      So `kino --check` names the places where a request makes one, under "note: procs in a request" and as `procs` in
      JSON: `lambda`, `->` and `proc`; a block that a method takes as `&block` and keeps, as `Rack::BodyProxy` does;
      `Hash.new { }`, `Enumerator.new`, `Thread.new`, `define_method`; `&method(:name)`. A block that is only yielded to
      makes none (`each`, `map`, a method with `yield`); neither does a block that is passed on as `&block`, nor
      `&:name`. This is advice: it changes neither the verdict nor the choice of mode `auto`. Use `yield` instead of
      `&block`, and a method of a module, or one lambda in a constant (`Ractor.shareable_proc`), instead of one for each
      request.

      ## Sleeping

      In a Ractor, Ruby's `sleep` goes through a thread of the VM, which on Ruby 3.4 turns 5 ms into 10.
      `Kino.sleep(seconds)` sleeps on the system's clock, in a Ractor and elsewhere, and lets other threads run
      meanwhile. It is for apps that often wait for a few milliseconds, such as a stream that polls for news. For whole
      seconds, `sleep` is fine.

      ## YJIT

      Before Ruby 4.1, with YJIT on, each Proc that outlives the method that made it stops all Ractors until each has
      reached a safe point. The section on [Procs](#procs-in-a-request) lists what makes one; a block that is only
      called does not count. A few Procs per request cost ractor mode more than YJIT gains, and the cost grows with the
      workers. Requests per second with YJIT, relative to those without:

      | a request | ractor, 2 workers | ractor, 8 | threaded, 2 | threaded, 8 |
      |---|---|---|---|---|
      | no Proc | 0.95 | 1.04 | 0.92 | 0.92 |
      | 1 Proc | 0.91 | 0.29 | 1.10 | 1.13 |
      | 5 Procs | 0.75 | 0.11 | 0.85 | 0.61 |
      | 25 Procs | 0.11 | 0.04 | 0.79 | 0.91 |
      | a list of 20 rows as HTML, no Proc | 1.4 | 1.2 | 0.8 | 0.6 |
      | the same and 1 Proc | 1.4 | 0.44 | 1.1 | 1.3 |
      | the same and 5 Procs | 0.50 | 0.14 | 1.5 | 1.1 |
      | fib(20), no Proc | 4.6 | 8.8 | 5.1 | 4.6 |

      Ruby 4.0.5, Linux, AMD EPYC, 2 cores, wrk with 16 connections, medians of 3 to 6 rounds of 2 seconds with and without
      YJIT in turn. The machine was busy with other work: differences of less than a third mean nothing. Ruby 3.4.5
      behaves the same: with 2 workers 0.7, 0.5 and 0.14 for 1, 5 and 25 Procs.

      So the command leaves YJIT off in ractor mode before Ruby 4.1, and turns it on everywhere else. If your requests
      are mostly Ruby code and make no Procs, turn it on:

          kino -m ractor --yjit on

      and measure both. `--yjit` is a [directive](configuration.md#yjit) like any other. If YJIT is on already
      (`RUBY_YJIT_ENABLE=1`, `ruby --yjit`, the app), Kino leaves it on, and says so in ractor mode. The first line of
      the banner ends in `+YJIT` if it is on.
    MARKDOWN

    # By cause: before and after. spec/unit/check/advice_examples_spec.rb tries each.
    EXAMPLES = [
      [:captured, <<~MARKDOWN],
        Before:

        ```ruby
        greeting = "hello"
        run ->(env) { [200, {}, [greeting, env["PATH_INFO"]]] }
        ```

        After:

        ```ruby
        module App
          GREETING = "hello".freeze

          def self.call(env) = [200, {}, [GREETING, env["PATH_INFO"]]]
        end

        run App
        ```
      MARKDOWN
      [:unshareable, <<~MARKDOWN],
        Before:

        ```ruby
        require "logger"

        LOG = Logger.new($stderr)

        module App
          def self.call(env)
            LOG.info(env["PATH_INFO"])
            [200, {}, ["ok"]]
          end
        end

        run App
        ```

        After:

        ```ruby
        require "logger"

        module App
          def self.log = Ractor.store_if_absent(:logger) { Logger.new($stderr) }

          def self.call(env)
            log.info(env["PATH_INFO"])
            [200, {}, ["ok"]]
          end
        end

        run App
        ```
      MARKDOWN
      [:constant, <<~MARKDOWN],
        Before:

        ```ruby
        COLOURS = %w[red green]

        module App
          def self.call(_env) = [200, {}, [COLOURS.join(" ")]]
        end

        run App
        ```

        After:

        ```ruby
        COLOURS = Ractor.make_shareable(%w[red green])

        module App
          def self.call(_env) = [200, {}, [COLOURS.join(" ")]]
        end

        run App
        ```
      MARKDOWN
      [:constant, <<~MARKDOWN],
        What requests change is not to be frozen, but to be kept by each Ractor. Before:

        ```ruby
        CACHE = {}

        module App
          def self.call(env)
            path = env["PATH_INFO"]
            [200, {}, [CACHE[path] ||= path.reverse]]
          end
        end

        run App
        ```

        After:

        ```ruby
        module App
          def self.cache = Ractor.store_if_absent(:cache) { {} }

          def self.call(env)
            path = env["PATH_INFO"]
            [200, {}, [cache[path] ||= path.reverse]]
          end
        end

        run App
        ```
      MARKDOWN
      [:class_ivar_write, <<~MARKDOWN]
        Before:

        ```ruby
        module App
          def self.settings = @settings ||= { "title" => "Shop" }
          def self.call(_env) = [200, {}, [settings.fetch("title")]]
        end

        run App
        ```

        After:

        ```ruby
        module App
          @settings = Ractor.make_shareable({ "title" => "Shop" })

          def self.settings = @settings
          def self.call(_env) = [200, {}, [settings.fetch("title")]]
        end

        run App
        ```
      MARKDOWN
    ].freeze

    module_function

    # @return [String]
    def text
      entries = Kino::Check::Causes::ALL.map do |symbol, cause|
        ["### `#{symbol}`: #{cause.title}\n\n#{cause.fix.sub(/\A[a-z]/, &:upcase)}.\n", *examples(symbol)].join("\n")
      end
      [HEADING, Frameworks.text, "## What is found\n", *entries].join("\n")
    end

    # @return [Array<String>]
    def examples(symbol) = EXAMPLES.filter_map { |cause, text| text if cause == symbol }
  end
end
