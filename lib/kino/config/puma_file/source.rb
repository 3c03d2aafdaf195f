# frozen_string_literal: true

require "prism"
require "kino/errors"

module Kino
  module Config
    class PumaFile
      # The text of the file: what a call says, as it stands there.
      #
      # @api private
      class Source
        # Expressions whose value anybody can see.
        PLAIN = [Prism::IntegerNode, Prism::FloatNode, Prism::StringNode, Prism::SymbolNode, Prism::TrueNode,
                 Prism::FalseNode, Prism::NilNode].freeze
        private_constant :PLAIN

        # Finds the calls without a receiver.
        #
        # @api private
        class Calls < Prism::Visitor
          # @return [Hash{Array(Symbol, Integer) => Array<Prism::CallNode>}] by name and line
          attr_reader :nodes

          def initialize
            @nodes = Hash.new { |nodes, key| nodes[key] = [] }
            super
          end

          # @param node [Prism::CallNode]
          # @return [void]
          def visit_call_node(node)
            @nodes[[node.name, node.location.start_line]] << node if node.receiver.nil?
            super
          end
        end

        # Finds the local variables that a block borrows.
        #
        # @api private
        class Locals < Prism::Visitor
          # @return [Array<Symbol>]
          attr_reader :borrowed

          def initialize
            @borrowed = []
            @scopes = 0
            super
          end

          %i[visit_block_node visit_lambda_node].each do |visit|
            define_method(visit) do |node|
              @scopes += 1
              super(node)
              @scopes -= 1
            end
          end

          # What these hold sees no variable around it.
          %i[visit_def_node visit_class_node visit_module_node].each { |visit| define_method(visit) { |_node| nil } }

          %i[read write or_write and_write operator_write target].each do |kind|
            define_method(:"visit_local_variable_#{kind}_node") do |node|
              @borrowed << node.name if node.depth >= @scopes
              super(node)
            end
          end
        end
        private_constant :Calls, :Locals

        # @param code [String]
        # @param path [String]
        # @raise [ConfigError] where it is no Ruby
        def initialize(code, path)
          result = Prism.parse(code)
          error = result.errors.first
          raise ConfigError, "#{path}:#{error.location.start_line}: syntax error, #{error.message}" if error

          finder = Calls.new
          result.value.accept(finder)
          @nodes = finder.nodes
        end

        # @param call [Call]
        # @return [Prism::CallNode, nil] nil where it does not stand in the file; two of one name on one line count as
        #   called in turn
        def node(call)
          nodes = @nodes[[call.name, call.line]]
          nodes&.rotate!&.last
        end

        # @param call [Call] of a hook
        # @return [Prism::Node, nil] its block, or the object that is given in place of one; nil where neither stands in
        #   the file
        def callable(call)
          node = node(call) or return
          return node.block if node.block.is_a?(Prism::BlockNode)
          return unless node.block.nil? && call.arguments.first.respond_to?(:call)

          argument = node.arguments.arguments.first
          argument unless argument.is_a?(Prism::SplatNode)
        end

        # @param node [Prism::CallNode, nil]
        # @return [String, nil] its arguments, if they are computed
        def self.computed(node)
          arguments = node&.arguments&.arguments.to_a
          arguments.map(&:slice).join(", ") unless arguments.all? { |argument| PLAIN.include?(argument.class) }
        end

        # @param node [Prism::Node]
        # @return [String] its code, as far to the left as its last line
        def self.code(node)
          return node.slice unless node.respond_to?(:closing_loc) && node.closing_loc

          indent = node.closing_loc.start_line_slice[/\A\s*/]
          node.slice.gsub(/\n#{indent}/, "\n")
        end

        # @param node [Prism::Node]
        # @return [Array<Symbol>] local variables around it that it uses
        def self.borrowed(node)
          locals = Locals.new
          node.accept(locals)
          locals.borrowed.uniq
        end
      end
    end
  end
end
