# frozen_string_literal: true

require "kino/config/directives"

module Kino
  module Config
    # The file that `kino --init` writes: every directive with its documentation and default, as comments. It is valid
    # as it is, and sets nothing.
    #
    # @api private
    class Sample
      # Characters of a line of comment.
      WIDTH = 100

      # The text above the directives.
      HEADING = <<~TEXT
        # Settings of Kino. The command reads this file if it is kino.rb or config/kino.rb, or with kino -C PATH.
        #
        # It is Ruby. An environment variable (KINO_ and the name of the directive) overrides this file, and a flag
        # (--queue-depth 512) overrides both; kino --print-config shows the effective values, and where they come from.
        # Commented lines show the defaults. Sizes are bytes or "50MB", "50MiB"; times are seconds or "1m30s".
      TEXT
      FROZEN = "# frozen_string_literal: true\n"
      private_constant :WIDTH, :HEADING, :FROZEN

      # @param settings [Hash{Symbol => Array<String>}] lines of Ruby that set a directive, by its name; may have
      #   comments
      # @param remarks [Array<String>] comment lines for the top
      # @param frozen [Boolean] whether its String literals are frozen
      # @return [String]
      def self.text(settings: {}, remarks: [], frozen: true) = new(settings, remarks, frozen).text

      # @param text [String]
      # @return [Array<String>] lines of comment
      def self.comment(text) = text.scan(/\S{#{WIDTH - 2},}|\S.{0,#{WIDTH - 3}}(?=\s|\z)/o).map { |line| "# #{line}" }

      # @param settings [Hash{Symbol => Array<String>}] see {.text}
      # @param remarks [Array<String>] see {.text}
      # @param frozen [Boolean] see {.text}
      def initialize(settings, remarks, frozen)
        @settings = settings
        @remarks = remarks
        @frozen = frozen
      end

      # @return [String] see {.text}
      def text
        sections = Directives::SECTIONS.map do |section, title|
          entries = Directives::ALL.select { |directive| directive.section == section }
          ["# #{"-" * 10} #{title} #{"-" * 10}\n", *entries.map { |directive| entry(directive) }].join("\n")
        end
        [*(FROZEN if @frozen), HEADING, *remarks, *sections].join("\n")
      end

      private

      def remarks
        @remarks.empty? ? [] : ["#{@remarks.flat_map { |remark| Sample.comment(remark) }.join("\n")}\n"]
      end

      def entry(directive)
        "#{[*explanation(directive), *(@settings[directive.name] || default(directive))].join("\n")}\n"
      end

      def explanation(directive)
        Sample.comment("#{directive.summary.sub(/\A./, &:upcase)}.") + Sample.comment(details(directive))
      end

      def details(directive)
        note = "In ractor mode it must be shareable; a block is made so where it can be." if in_worker?(directive)
        [directive.doc, note].compact.join(" ")
      end

      def in_worker?(directive) = directive.type.is_a?(Types::Callable) && directive.type.in_worker?

      def default(directive)
        return ["# #{directive.name} #{directive.type.code(directive.default)}"] if directive.flag

        names = directive.type.parameters
        ["# #{directive.name} {#{" |#{names.join(", ")}|" if names.any?} }"]
      end
    end
  end
end
