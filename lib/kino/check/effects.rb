# frozen_string_literal: true

module Kino
  module Check
    # How many values each instruction of Ruby's VM takes from the stack and how many it puts there: those of Ruby 3.4
    # and of 4.0. The reader forgets what is on the stack at one that is not named here, so a new instruction costs
    # precision and nothing else.
    #
    # @api private
    module Effects
      # By instruction; a Proc is asked with the operands.
      TABLE = {
        [0, 0] => %i[nop definemethod],
        [0, 1] => %i[getspecial putnil putstring once putspecialobject getblockparam definedivar
                     opt_ary_freeze opt_hash_freeze opt_str_freeze opt_str_uminus duparray duphash opt_duparray
                     opt_invokebuiltin_delegate opt_invokebuiltin_delegate_leave],
        [1, 0] => %i[setspecial setblockparam pop opt_case_dispatch definesmethod],
        [1, 1] => %i[intern splatarray defined checktype objtostring opt_nil_p],
        [2, 1] => %i[anytostring concatarray concattoarray pushtoarraykwsplat newrange checkmatch defineclass],
        [2, 2] => %i[splatkw],
        ->(count, *) { [count, 1] } => %i[concatstrings opt_newarray_send newhash],
        ->(_object, _name, count) { [count, 1] } => %i[opt_duparray_send],
        ->(_options, count) { [count, 1] } => %i[toregexp],
        ->(count) { [count + 1, 1] } => %i[pushtoarray],
        ->(count, flag) { [1, count + (flag & 1)] } => %i[expandarray],
        ->(count) { [count, 0] } => %i[adjuststack],
        ->(call, *) { [call[:orig_argc].to_i, 1] } => %i[invokeblock],
        ->(function) { [function[:argc].to_i, 1] } => %i[invokebuiltin]
      }.flat_map { |effect, names| names.map { |name| [name, effect] } }.to_h.freeze

      # @param instruction [InstructionList::Instruction]
      # @return [Array(Integer, Integer), nil] taken and put; nil for one that is not known
      def self.of(instruction)
        effect = TABLE[instruction.op]
        effect.respond_to?(:call) ? effect.call(*instruction.operands) : effect
      end
    end
  end
end
