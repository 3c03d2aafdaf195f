# frozen_string_literal: true

require "prism"

module Kino
  module Config
    class PumaFile
      # Finds the constants that are read, except by `defined?`.
      #
      # @api private
      class Constants < Prism::Visitor
        # @return [Array<Symbol>] the first name of each
        attr_reader :names

        # @param node [Prism::Node]
        # @return [Array<Symbol>]
        def self.in(node) = new.tap { |finder| node.accept(finder) }.names

        def initialize
          @names = []
          super
        end

        # @param _node [Prism::DefinedNode]
        # @return [void]
        def visit_defined_node(_node) = nil

        # @param node [Prism::ConstantReadNode]
        # @return [void]
        def visit_constant_read_node(node) = @names << node.name

        # @param node [Prism::ConstantPathNode]
        # @return [void]
        def visit_constant_path_node(node)
          node.parent ? super : @names << node.name
        end
      end
    end
  end
end
