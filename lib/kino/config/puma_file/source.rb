# frozen_string_literal: true

require "prism"
require "kino/config/puma_file/calls"
require "kino/config/puma_file/literals"
require "kino/config/puma_file/snippet"
require "kino/errors"

module Kino
  module Config
    class PumaFile
      # The text of the file: the source of its calls.
      #
      # @api private
      class Source
        # Expressions whose value is obvious.
        PLAIN = [Prism::IntegerNode, Prism::FloatNode, Prism::StringNode, Prism::SymbolNode, Prism::TrueNode,
                 Prism::FalseNode, Prism::NilNode].freeze
        private_constant :PLAIN

        # @return [Prism::StatementsNode] of the file
        attr_reader :statements

        # @param code [String]
        # @param path [String]
        # @raise [ConfigError] if it is not Ruby
        def initialize(code, path)
          result = Prism.parse(code)
          refuse(result.errors.first, path) if result.errors.any?

          @magic_comments = result.magic_comments
          @lines = code.lines
          @statements = result.value.statements
          @nodes = Calls.in(@statements).group_by { |node| [node.name, node.location.start_line] }
          @literals = Literals.in(@statements)
          @fixed = @literals.fixed + result.comments.grep(Prism::EmbDocComment).flat_map { |comment| lines(comment) }
        end

        # @return [Boolean] whether its String literals are frozen
        def frozen_literals?
          @magic_comments.any? do |comment|
            comment.key.tr("-", "_").casecmp?("frozen_string_literal") && comment.value.casecmp?("true")
          end
        end

        # @param call [Call]
        # @return [Prism::CallNode, nil] nil if it is not in the file; two calls of one name on one line count in order
        def node(call)
          nodes = @nodes[[call.name, call.line]]
          nodes&.rotate!&.last
        end

        # @param call [Call] of a hook
        # @return [Prism::Node, nil] its block, or the object given instead of one; nil if neither is in the file
        def callable(call)
          node = node(call) or return
          return node.block if node.block.is_a?(Prism::BlockNode)
          return unless node.block.nil? && call.arguments.first.respond_to?(:call)

          argument = node.arguments.arguments.first
          argument unless argument.is_a?(Prism::SplatNode)
        end

        # @param node [Prism::Node] of a hook, see {#callable}
        # @return [Snippet, nil] its code, unindented as far as its last line; nil if it cannot be cut out of the lines
        #   around it
        def snippet(node)
          return if foreign_heredoc?(node.location)

          fixed = lines(node).each_index.select { |index| @fixed.include?(node.location.start_line + index) }
          lines = node.slice.lines.each_with_index.map do |line, index|
            index.zero? || fixed.include?(index) ? line : line.delete_prefix(indent(node))
          end
          Snippet.new(lines:, fixed:, tail: tail(node.location), block: node.is_a?(Prism::BlockNode))
        end

        # @param node [Prism::Node]
        # @return [String] its whole code, with the heredocs that it opens, from its first line on
        def whole(node) = node.slice + tail(node.location)

        # @param node [Prism::CallNode, nil]
        # @return [String, nil] its arguments, if they are computed
        def self.computed(node)
          arguments = node&.arguments&.arguments.to_a
          arguments.map(&:slice).join(", ") unless arguments.all? { |argument| PLAIN.include?(argument.class) }
        end

        private

        def refuse(error, path)
          raise ConfigError, "#{path}:#{error.location.start_line}: syntax error, #{error.message}"
        end

        # @return [Array<Integer>] their numbers
        def lines(node) = [*node.location.start_line..node.location.end_line]

        # Code without an end of its own keeps its indentation.
        def indent(node)
          node.respond_to?(:closing_loc) && node.closing_loc ? node.closing_loc.start_line_slice[/\A\s*/] : ""
        end

        # @return [String] the text of heredocs that are opened there, which is below
        def tail(place)
          below = @literals.heredocs.select { |doc| opened?(doc, place) && doc.lines.begin > place.end_line }
          below.map { |doc| "\n#{@lines[(doc.lines.begin - 1)..(doc.lines.end - 1)].join.chomp}" }.join
        end

        # The text of a heredoc that was opened before the block may be within the block.
        def foreign_heredoc?(place)
          @literals.heredocs.any? do |doc|
            !opened?(doc, place) && doc.lines.begin > place.start_line && doc.lines.end <= place.end_line
          end
        end

        def opened?(doc, place) = (place.start_offset...place.end_offset).cover?(doc.offset)
      end
    end
  end
end
