# frozen_string_literal: true

require "kino/peek"

module Kino
  module Check
    # What a Proc holds of its surroundings: the local variables that its code names, and self.
    #
    # @api private
    module Captures
      class << self
        # @param block [Proc]
        # @return [Hash{String => Object}] "self" or the name of a variable, and what it is; none for a Proc that was
        #   made of a Symbol, or made shareable: they do not tell
        def of(block)
          around = Peek.binding(block)
          names = around.local_variables & used(block)
          { "self" => around.receiver }.merge(names.to_h { |name| [name.to_s, around.local_variable_get(name)] })
        rescue ArgumentError
          {}
        end

        private

        # A Proc sees all variables around it; those count that its code names. Only the disassembler knows the names
        # of variables that are further out.
        def used(block)
          code = RubyVM::InstructionSequence.of(block)&.disasm.to_s
          code.scan(/[gs]et(?:local|blockparam)\S*\s+([^@\s]+)@\d+/).flatten.map(&:to_sym)
        end
      end
    end
  end
end
