# frozen_string_literal: true

require "kino/config/directives"

module Generate
  # sig/kino/config/dsl.rbs: the words of kino.rb for tools that read RBS.
  module Signatures
    # What it is made from.
    SOURCES = %w[lib/kino/config/directives.rb].freeze

    module_function

    # @return [String]
    def text
      <<~RBS
        # Made by `rake generate` from #{SOURCES.first}: change that.

        module Kino
          module Config
            # What `self` can do in a file of settings, kino.rb.
            module Dsl
              interface _Callable
                def call: (*untyped) -> untyped
              end

              interface _ToPath
                def to_path: () -> String
              end

        #{methods.join("\n\n")}
            end
          end
        end
      RBS
    end

    def methods
      Kino::Config::Directives::ALL.map do |directive|
        "      # #{directive.summary.sub(/\A./, &:upcase)}.\n      def #{directive.name}: #{signature(directive)}"
      end
    end

    def signature(directive)
      return "(#{directive.type.signature}) -> void" if directive.flag

      names = directive.type.parameters.map { |name| "untyped #{name}" }
      "() { (#{names.join(", ")}) -> void } -> void | (#{directive.type.signature}) -> void"
    end
  end
end
