# frozen_string_literal: true

require_relative "../../spec/support/frameworks/table"

module Generate
  # The part of doc/ractors.md that tells what comes of frameworks and middleware.
  module Frameworks
    TABLE = ::Frameworks

    HEADING = <<~MARKDOWN
      ## Frameworks and middleware

      The test suite serves these in each mode, on Ruby 3.4 and 4.0, and checks this list. All of them work in mode
      `threaded` and, as a rackup file builds them, in mode `auto`, which then picks threads. The apps are in
      `spec/support/frameworks`, written as in the tutorials.

      The columns describe each app as it is, and middleware once it was frozen together with its app, as in
      [middleware](#middleware).

      - "Ractors" says whether it works in mode `ractor`, and if not, what a Ractor refuses.
        "With rack_in_ractors": it works with [rack_in_ractors.rb](../examples/rack_in_ractors.rb), which freezes Rack's
        tables and settings.
      - "Auto" is the mode that `auto` picks. It picks threads for some that would work in Ractors, too, if the check
        has found something that other requests may reach.

    MARKDOWN

    module_function

    # @return [String]
    def text = [HEADING, *TABLE::SECTIONS.map { |section, title| part(section, title) }].join("\n")

    def part(section, title)
      rows = TABLE.apps.select { |app| app.section == section }.map { |app| row(app) }
      "| #{title} | Ractors | auto |\n|---|---|---|\n#{rows.join}"
    end

    def row(app)
      "| #{name(app)} | #{cell(app) { |there| ractors(there) }} | #{cell(app) { |there| auto(there) }} |\n"
    end

    def cell(app)
      new, old = [4, 3].map { |ruby| yield app.on(ruby) }
      new == old ? new : "4.0: #{new}; 3.4: #{old}"
    end

    def name(app) = app.rackup ? app.name : "`#{app.name}`"

    def ractors(app)
      return "yes" unless app.ractor

      "#{app.aided ? "with rack_in_ractors; without, it" : "no:"} #{app.ractor}"
    end

    def auto(app) = { ractor: "Ractors", threaded: "threads" }.fetch(app.auto)
  end
end
