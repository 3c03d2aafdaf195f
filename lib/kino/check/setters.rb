# frozen_string_literal: true

require "kino/check/instruction_list"
require "kino/peek"
require "kino/check/rules"

module Kino
  module Check
    # Which instance variables the methods of a class set once its objects are made: what `initialize` puts there may be
    # something else by the time that it is read.
    #
    # @api private
    class Setters
      def initialize
        @names = {}.compare_by_identity
      end

      # @param type [Class]
      # @param name [Symbol] of an instance variable
      # @return [Boolean] whether another method than `initialize` may set it
      def include?(type, name)
        found = Peek.ancestors_of(type).map { |owner| @names[owner] ||= names(owner) }
        found.any? { |names| names.include?(name) || names.include?(:any) }
      end

      private

      def names(owner)
        return [] if Rules.core_name?(Peek.name_of(owner).to_s)

        methods = Peek.own_methods(owner, false) + Peek.own_private_methods(owner, false) - [:initialize]
        methods.flat_map { |name| names_in(Peek.unbound(owner, name)) }.uniq
      end

      # `attr_writer` leaves no code.
      def names_in(method)
        sequence = RubyVM::InstructionSequence.of(method)
        return ivars_set(sequence.to_a) if sequence

        name = method.original_name.name
        method.source_location && name.end_with?("=") ? [:"@#{name.delete_suffix("=")}"] : []
      end

      # From the bare lists: an {InstructionList} of each method of each class would cost more than all other reading.
      #
      # @return [Array<Symbol>] what the code sets, blocks and handlers within included; `:any` where the names come
      #   about when it runs
      def ivars_set(code)
        catches, body = code.last(2)
        body.grep(Array).flat_map { |instruction| set_by(*instruction) } +
          catches.filter_map { |catch| catch[1] }.flat_map { |handler| ivars_set(handler) }
      end

      def set_by(operation, *operands)
        return operands.first if operation == :setinstancevariable
        return :any if operands.first.is_a?(Hash) && operands.first[:mid] == :instance_variable_set

        operands.select { InstructionList.code?(it) }.flat_map { |code| ivars_set(code) }
      end
    end
  end
end
