# frozen_string_literal: true

require "prism"

module Kino
  module Config
    class PumaFile
      # Finds the calls without a receiver.
      #
      # @api private
      class Calls < Prism::Visitor
        # @return [Array<Prism::CallNode>]
        attr_reader :nodes

        # @param node [Prism::Node]
        # @return [Array<Prism::CallNode>] in the order of the text
        def self.in(node) = new.tap { |finder| node.accept(finder) }.nodes

        def initialize
          @nodes = []
          super
        end

        # @param node [Prism::CallNode]
        # @return [void]
        def visit_call_node(node)
          @nodes << node if node.receiver.nil?
          super
        end
      end
    end
  end
end
