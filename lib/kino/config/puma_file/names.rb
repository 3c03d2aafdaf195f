# frozen_string_literal: true

require "prism"
require "kino/config/puma_file/table"

module Kino
  module Config
    class PumaFile
      # Finds the names that a part of the file defines for the lines below, and uses from the lines above: variables,
      # constants and methods.
      #
      # @api private
      class Names < Prism::Visitor
        # Names of methods that change their receiver.
        CHANGE = /[^=!<>]=\z|!\z|\A(?:<<|push|append|unshift|concat|store|update|insert|replace|delete|clear)\z/
        VARIABLES = [Prism::LocalVariableReadNode, Prism::InstanceVariableReadNode, Prism::GlobalVariableReadNode,
                     Prism::ConstantReadNode].freeze
        private_constant :CHANGE, :VARIABLES

        # @return [Array<Symbol>]
        attr_reader :locals, :written, :read

        # @param node [Prism::Node]
        # @return [Names]
        def self.in(node) = new.tap { |finder| node.accept(finder) }

        def initialize
          @locals = []
          @written = []
          @read = []
          super
        end

        %i[local_variable instance_variable class_variable global_variable constant].each do |sort|
          { write: [false], target: [false], or_write: [true], and_write: [true], operator_write: [true] }
            .each do |kind, (reads)|
              define_method(:"visit_#{sort}_#{kind}_node") do |node|
                @locals << node.name if sort == :local_variable
                @written << node.name
                @read << node.name if reads
                super(node)
              end
            end

          define_method(:"visit_#{sort}_read_node") { |node| @read << node.name }
        end

        # @param node [Prism::DefNode]
        # @return [void]
        def visit_def_node(node)
          @written << node.name
          super
        end

        %i[or_write and_write operator_write].each do |kind|
          %i[index call].each do |form|
            define_method(:"visit_#{form}_#{kind}_node") do |node|
              change(node.receiver)
              super(node)
            end
          end
        end

        # The code of a hook is not run here; it only counts that the hook exists.
        #
        # @param node [Prism::CallNode]
        # @return [void]
        def visit_call_node(node)
          @read << node.name if node.receiver.nil?
          change(node.receiver) if node.name.match?(CHANGE)
          hook = node.receiver.nil? && Table::BY_NAME[node.name]&.hook?
          hook ? node.arguments&.accept(self) : super
        end

        private

        def change(receiver)
          @written << receiver.name if VARIABLES.include?(receiver.class) && receiver.name != :ENV
        end
      end
    end
  end
end
