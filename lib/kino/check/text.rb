# frozen_string_literal: true

require "kino/check/causes"

module Kino
  module Check
    # A report as text.
    #
    # @api private
    module Text
      # Findings of one cause that are shown.
      SHOWN = 10
      # Places that are named of one that is met at several.
      ALSO = 3

      # First line by verdict, or where a request failed and the Ractor is not to blame.
      HEADS = {
        ready: "can run on Ractors: nothing was found that speaks against it",
        possible: "may run on Ractors: some requests may meet what is listed here",
        blocked: "cannot run on Ractors as it is",
        failed: "may run on Ractors: a request failed that was tried in a Ractor; it may fail in threads too"
      }.freeze

      # Heads the places where requests make Procs.
      PROCS = "note: procs in a request (with YJIT before Ruby 4.1 each of them stops all Ractors for a moment, see " \
              "doc/ractors.md)"
      private_constant :PROCS

      class << self
        # @param report [Report]
        # @return [String]
        def of(report)
          [head(report), *groups(report), *procs(report), *last(report)].join("\n\n")
        end

        private

        def head(report)
          tried = "\ntried in a Ractor: #{report.requests.join(", ")}" if report.requests.any?
          said = HEADS.fetch(report.failed? ? :failed : report.verdict)
          "#{report.app} (Ruby #{RUBY_VERSION}) #{said}#{unfollowed(report)}#{tried}"
        end

        # What cannot run has no need of it.
        def unfollowed(report)
          count = report.unfollowed
          return if count.zero? || report.verdict == :blocked

          advice = "; kino --check --request \"GET /path\" tries the app" if report.requests.empty?
          "\n#{count} #{count == 1 ? "call" : "calls"} could not be followed#{advice}"
        end

        def groups(report)
          things = report.findings.group_by { [it.cause, it.what] }.values
          things.group_by { [it.first.certainty, it.first.cause] }.map do |(certainty, cause), all|
            lines = all.first(SHOWN).map { |findings| entry(*findings) }
            lines << "  and #{all.size - SHOWN} more" if all.size > SHOWN
            ["#{Causes::ALL.fetch(cause).title} (#{certainty})", *lines].join("\n")
          end
        end

        def entry(finding, *others)
          what, *rest = finding.what.lines(chomp: true)
          ["  #{[finding.place, what].compact.join(": ")}", *rest.map { |line| "    #{line}" },
           "    by #{finding.path}", *also(others), "    fix: #{finding.fix}"].join("\n")
        end

        # The same at other places, which is mended with it.
        def also(findings)
          places = findings.filter_map(&:place)
          return [] if places.empty?

          more = places.size > ALSO ? " and #{places.size - ALSO} more" : ""
          ["    also at #{places.first(ALSO).join(", ")}#{more}"]
        end

        def procs(report)
          sites = report.procs
          return [] if sites.empty?

          lines = sites.first(SHOWN).map { "  #{it.place}: #{it.what}\n    by #{it.path}" }
          lines << "  and #{sites.size - SHOWN} more" if sites.size > SHOWN
          [[PROCS, *lines].join("\n")]
        end

        def last(report)
          return [] if report.steps.empty?

          first, *others = report.steps
          ["first: #{first}", *others.map { |step| "then: #{step}" }].join("\n").then { |text| [text] }
        end
      end
    end
  end
end
