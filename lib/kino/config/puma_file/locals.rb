# frozen_string_literal: true

require "prism"

module Kino
  module Config
    class PumaFile
      # Finds the outer local variables that a block uses.
      #
      # @api private
      class Locals < Prism::Visitor
        # @return [Array<Symbol>]
        attr_reader :borrowed

        # @param node [Prism::Node]
        # @return [Array<Symbol>]
        def self.in(node) = new.tap { |finder| node.accept(finder) }.borrowed.uniq

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

        # Code in these sees no outer variables.
        %i[visit_def_node visit_class_node visit_module_node].each { |visit| define_method(visit) { |_node| nil } }

        %i[read write or_write and_write operator_write target].each do |kind|
          define_method(:"visit_local_variable_#{kind}_node") do |node|
            @borrowed << node.name if node.depth >= @scopes
            super(node)
          end
        end
      end
    end
  end
end
