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

      A Ractor may only use what is shareable: modules, classes, and objects that are frozen all the way down. That an app is
      shareable does not say that it can be called: a class always is, and what its methods use may not be. So

          kino --check

      looks at the objects that the app holds, and reads the code that a call of it reaches by names that do not change. It calls
      nothing of the app's, freezes nothing and changes nothing. `--json` is for tools; `Kino::Check.report(app)` is the same
      from a program.

      A finding is certain where every request comes to it, and possible where only some do or where it depends on what is
      not known before. Keys of a Hash are shown in it if they are made of words; others may be secrets, and are not.

      Mode `auto` does not gamble: it takes threads for an app that cannot be shared, at the first finding in the code of
      one that can, certain or possible, and for one whose code it cannot read to its end (a thousand methods and blocks, 2
      seconds of the processor). Only what threads would raise as well (`no_app`, `frozen`) does not count, nor a call that
      cannot be followed. So a few apps run on threads though Ractors would do: try them with `--request`, as below, and use
      `-m ractor`, which takes any app that can be shared. With `-m ractor` and `-m threaded` the check is not even loaded.
      Where `auto` has taken Ractors and the app raises there what only a Ractor raises, the server
      [goes over to threads](operations.md#going-over-to-threads).

          kino --check --request "GET /" --request "GET /orders"

      calls the app as well, where it can be shared: in a Ractor that is thrown away, for 30 seconds at most, and to the end
      of the answer. It reports what is raised, an answer that is none, and a status of 500 or more. The exit status is 0
      where nothing was found, or only what is possible while each of the requests went well; else it is 1.

      ## What is not found

      A check that runs nothing cannot see it all. It follows a call where it knows what is called: a module, an object that
      the app holds, one that the request makes of a class, and what Ruby's own methods give of these. Of a receiver that comes
      about in another way it reads the app's own methods by that name, where there are no more than four. It does not see
      what a String has `eval` do, what is loaded later, what is put into `env` or `Thread.current` and taken out again, or what
      a method of a C extension does. The report says how many calls could not be followed (`unfollowed` in JSON). So that
      nothing was found is no proof: a request that was made is, for what it came to. Give one for each kind of answer that the
      app has.

      ## Middleware

      What `use` and `map` of a rackup file build is frozen by nobody, and `run` is given only what is within. So build the
      whole app in one expression, and run that:

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

      `use` and `map` have to stand within the block: what stands outside of it is put around the frozen app, and is not
      frozen itself. This does for middleware that sets none of its instance variables in `call`. Where one does, `kino
      --check` names it: write `def call(env) = dup._call(env)` there, and rename what was `call` to `_call`, or let it use
      local variables.

      ## Procs in a request

      With YJIT, each Proc that outlives its frame stops all Ractors before Ruby 4.1: what that costs is told [below](#yjit).
      So `kino --check` names the places where a request makes one, under "note: procs in a request" and as `procs` in JSON: `lambda`, `->` and `proc`; a
      block that a method takes as `&block` and keeps, as `Rack::BodyProxy` does; `Hash.new { }`, `Enumerator.new`,
      `Thread.new`, `define_method`; `&method(:name)`. A block that is only yielded to makes none (`each`, `map`, a method
      with `yield`), nor does one that is passed on as `&block`, nor `&:name`. It is advice: it changes neither the verdict
      nor what mode `auto` takes. What helps is `yield` in place of `&block`, and a method of a module, or a lambda in a
      constant that is made once (`Ractor.shareable_proc`), in place of one that each request makes.

      ## Sleeping

      In a Ractor, Ruby's `sleep` goes through a thread of the VM, which on Ruby 3.4 makes 10 ms out of 5.
      `Kino.sleep(seconds)` sleeps by the system's clock, in a Ractor and elsewhere, and lets other threads run meanwhile. It
      is for apps that wait for some milliseconds, again and again, such as a stream that looks for news. Where seconds are
      meant, `sleep` will do.

      ## YJIT

      Before Ruby 4.1, with YJIT on, each Proc that outlives the method in which it was made stops all Ractors until each has
      come to a safe point. The section on [Procs](#procs-in-a-request) lists what makes one; a block that is only called does
      not count. A few Procs a request cost ractor mode more than YJIT wins, and the cost grows with the workers. Requests a
      second with YJIT, as a multiple of those without:

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
      YJIT in turn. The machine was busy with other work: what differs by less than a third says nothing. Ruby 3.4.5 behaves
      alike: with 2 workers 0.7, 0.5 and 0.14 with 1, 5 and 25 Procs.

      That is why the command leaves YJIT off in ractor mode before Ruby 4.1, and turns it on everywhere else. Where most of
      a request is Ruby code and it makes no Procs, turn it on:

          kino -m ractor --yjit on

      and measure both. `--yjit` is a [directive](configuration.md#yjit) as any other. Where YJIT is on by other means
      (`RUBY_YJIT_ENABLE=1`, `ruby --yjit`, the app), Kino leaves it on, and says so in ractor mode. The first line of the
      banner ends in `+YJIT` where it is on.
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
