# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/layers"

module Generate
  # doc/configuration.md: the directives for readers.
  module Reference
    FILES = Kino::Config::Layers::FILES

    # What it is made from.
    SOURCES = %w[lib/kino/config/directives.rb rakelib/generate/reference.rb].freeze

    HEADING = <<~MARKDOWN.freeze
      <!-- Made by `rake generate` from #{SOURCES.join(" and ")}: change those. -->

      # Configuration

      Everything that can be set is a directive. The same directives are the flags of the command, the variables of the
      environment, the words of the file `kino.rb` and the keywords of `Kino::Server.new`.

      | where | such as | goes before |
      |---|---|---|
      | flag, or keyword | `kino --queue-depth 512`, `Kino::Server.new(App, queue_depth: 512)` | all others |
      | environment | `KINO_QUEUE_DEPTH=512` | file, default |
      | file | `queue_depth 512` | default |

      `kino --print-config` shows each setting as it holds, and where it comes from. A value of the wrong type or out of
      its bounds is an error that names the value, what would fit, and the place: the flag, the variable, or the line of
      the file. `Kino::Server.new` and `Kino::Server.run` take keywords only, and read neither file nor environment.

      ## The file

      The command reads #{FILES.map { |name| "`#{name}`" }.join(", or else ")}, or the file that `-C PATH` names; `-C -`
      reads none. `kino --init` writes one in which every directive is explained, and `kino --init --from
      config/puma.rb` one with the settings of a Puma configuration: see [moving from Puma](puma.md).

      ```ruby
      # kino.rb
      workers 4
      request_timeout "1m30s"
      max_body_size "50MB"
      pidfile "tmp/kino.pid" if ENV["RACK_ENV"] == "production"

      after_worker_boot { |index| puts "worker \#{index} is up" }
      ```

      It is Ruby and may use all of it. What is set twice has the second value, hooks excepted: of those there is one. A
      block for a hook that runs in workers is made shareable between Ractors where it can be: it may then use what is
      shareable around it, and the methods that the file defines.

      ## Values

      - Times are seconds (`5`, `0.25`) or words (`250ms`, `1m30s`, `2h`, `1d`).
      - Sizes are bytes or words: `KB`, `MB` and `GB` are powers of 1000, `KiB`, `MiB` and `GiB` of 1024.
      - In Ruby `auto` is `:auto`, `none` is `nil`, `on` and `off` are `true` and `false`.
    MARKDOWN

    module_function

    # @return [String]
    def text
      sections = Kino::Config::Directives::SECTIONS.map do |section, title|
        directives = Kino::Config::Directives::ALL.select { |directive| directive.section == section }
        ["## #{title}\n", *directives.map { |directive| entry(directive) }].join("\n")
      end
      [HEADING, *sections].join("\n")
    end

    def entry(directive)
      <<~MARKDOWN
        ### #{directive.name}

        #{capital(directive.summary)}.

        #{facts(directive).map { |name, value| "- #{name}: #{value}" }.join("\n")}

        #{wrap(directive.doc)}
      MARKDOWN
    end

    def facts(directive)
      return hook_facts(directive) unless directive.flag

      type = directive.type
      { "Default" => "`#{type.show(directive.default)}`", "Values" => type.expectation,
        "Flag" => [directive.short, directive.flag].compact.map { |flag| "`#{flag}`" }.join(", "),
        "Environment" => directive.variables.map { |name| "`#{name}`" }.join(", or else "),
        "Since" => directive.since }
    end

    def hook_facts(directive)
      parameters = directive.type.parameters
      where = "In ractor mode it must be shareable" if directive.type.in_worker?
      { "Called with" => parameters.empty? ? "nothing" : parameters.map { |name| "`#{name}`" }.join(", "),
        "Runs in" => directive.type.in_worker? ? "the worker" : "the main Ractor",
        "Shareable" => where && "it must be, in ractor mode", "Since" => directive.since }.compact
    end

    def capital(text) = text.sub(/\A./, &:upcase)

    def wrap(text) = text.scan(/\S.{0,117}(?=\s|\z)/).join("\n")
  end
end
