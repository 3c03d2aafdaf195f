# frozen_string_literal: true

require "kino/check/causes"

module Generate
  # doc/ractors.md: what `kino --check` finds, and how it is mended.
  module Findings
    # What it is made from.
    SOURCES = %w[lib/kino/check/causes.rb rakelib/generate/findings.rb].freeze

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
      not known before. Mode `auto` takes threads for an app that a certain finding would keep from answering.

          kino --check --request "GET /" --request "GET /orders"

      calls the app as well, where it can be shared: in a Ractor that is thrown away, for 30 seconds at most, and to the end
      of the answer. It reports what is raised, an answer that is none, and a status of 500 or more. The exit status is 0
      where nothing was found, or only what is possible while each of the requests went well; else it is 1.

      ## What is found
    MARKDOWN

    module_function

    # @return [String]
    def text
      entries = Kino::Check::Causes::ALL.map do |symbol, cause|
        "### `#{symbol}`: #{cause.title}\n\n#{cause.fix.sub(/\A[a-z]/, &:upcase)}.\n"
      end
      [HEADING, *entries].join("\n")
    end
  end
end
