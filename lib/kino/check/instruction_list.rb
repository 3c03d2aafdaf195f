# frozen_string_literal: true

module Kino
  module Check
    # The instructions of one method or block, as RubyVM::InstructionSequence#to_a lists them.
    #
    # @api private
    class InstructionList
      # Instructions that are another with an operand.
      SHORT = {
        "getlocal_WC_0" => [:getlocal, 0], "getlocal_WC_1" => [:getlocal, 1],
        "setlocal_WC_0" => [:setlocal, 0], "setlocal_WC_1" => [:setlocal, 1],
        "putobject_INT2FIX_0_" => [:putobject, 0], "putobject_INT2FIX_1_" => [:putobject, 1]
      }.freeze
      # Instructions with which a block can be called, or given to what calls it.
      CALLING = %i[send opt_send_without_block sendforward invokeblock invokesuper invokesuperforward].freeze
      private_constant :SHORT, :CALLING

      # How a block leaves what is around it, as the VM has it.
      RETURN = 1
      # out of the call that it was given to
      BREAK = 2
      # The bits that say so.
      KIND = 0xff

      # One instruction.
      Instruction = Data.define(:op, :operands, :line)
      # A stretch of instructions, by positions, where the code catches something; `target` is where it goes on.
      Catch = Data.define(:type, :handler, :from, :to, :target) do
        # @return [Boolean]
        def include?(position) = position >= from && position < to

        # @return [Boolean] whether it stands around a `defined?`, which is nil if what it asks for raises
        def guard? = type == :rescue && handler.instructions.map(&:op) == %i[putnil leave]
      end

      # @return [Array<Instruction>]
      attr_reader :instructions
      # @return [Array<Catch>]
      attr_reader :catches
      # @return [Symbol] :method, :block, :rescue, ...
      attr_reader :type
      # @return [Hash] of parameters
      attr_reader :params

      # @param code [Method, UnboundMethod, Proc]
      # @return [InstructionList, nil] nil where it is not in Ruby, or is Ruby's own
      def self.of(code)
        sequence = RubyVM::InstructionSequence.of(code)
        new(sequence.to_a) if sequence && !sequence.path.start_with?("<internal:")
      end

      # @param operand [Object] of an instruction
      # @return [Boolean] whether it is code in its turn
      def self.code?(operand) = operand.is_a?(Array) && operand[0] == "YARVInstructionSequence/SimpleDataFormat"

      # @param file [String]
      # @param line [Integer]
      # @return [String] both, from the working directory
      def self.shorten(file, line, *) = "#{file.delete_prefix("#{Dir.pwd}/")}:#{line}"

      # @param code [Array] as `to_a` gives it
      def initialize(code)
        @info, _label, @path, @full_path, @first_line, @type, _names, @params, catches, body = code[4..]
        @instructions = []
        @positions = {}
        @nested = {}.compare_by_identity
        read(body)
        @catches = catches.map { |entry| read_catch(entry) }
      end

      # @param label [Symbol]
      # @return [Integer] its position
      def position(label) = @positions.fetch(label)

      # @return [Boolean] whether code may go on there from elsewhere
      def leader?(position) = @leaders.include?(position)

      # @param code [Array] of a block within it
      # @return [InstructionList]
      def nested(code) = @nested[code] ||= InstructionList.new(code)

      # @param place [Integer] of a parameter among the local variables
      # @return [Integer] its index, as the instructions have it: they count from the other end
      def index(place) = @info.fetch(:local_size) + 2 - place

      # @param index [Integer] of a local variable, as the instructions have it
      # @return [Boolean] whether it is set only once; a block that comes later sees that, if it was set by then
      def settled?(index) = writes.count(index) == 1

      # @param index [Integer] of a local variable
      # @return [Boolean] whether a block or a rescue within sets it, which may run at any time
      def set_within?(index) = writes.count(index) > own_sets.count(index)

      # @param index [Integer] of a parameter
      # @return [Boolean] whether it stays what it is
      def kept?(index) = !writes.include?(index)

      # @param position [Integer, nil] nil for its beginning
      # @return [String] file and line
      def place(position = nil)
        line = position&.>=(0) ? @instructions.fetch(position).line : @first_line
        self.class.shorten(@full_path || @path, line)
      end

      # @return [Integer] where a `return` in a block, or one where something is rescued, may end it
      #   for the first time; behind its end if there is none
      def first_exit = @first_exit ||= exits.min || @instructions.size

      # @return [Integer] of the first instruction that calls something
      def first_call
        @first_call ||= @instructions.index { CALLING.include?(it.op) } || @instructions.size
      end

      # @return [Boolean] whether the method, or the call that it is the block of, may end within this block or rescue
      def breaks_out? = @instructions.any? { thrown?(it, RETURN, BREAK) } || returns_out?

      # @return [Boolean] whether a `return` in it ends the method around it
      def returns_out? = @instructions.any? { thrown?(it, RETURN) } || exits.any?

      # @return [Boolean] whether it takes its block as a parameter
      def block_parameter? = @params.key?(:block_start)

      # @return [Boolean] whether there is anything in it that calls its block, or passes it on
      def block_used? = @params.key?(:use_block)

      # @return [Boolean] whether it uses its `&block` as an object, which makes a Proc of it; to call it or to pass it
      #   on does not
      def block_kept?
        return @is_block_kept unless @is_block_kept.nil?

        @is_block_kept = @instructions.any? { it.op == :getblockparam } || inner.any?(&:block_kept?)
      end

      # @return [Array<Integer>] local variables by index, once for each time that they are set
      def writes = @writes ||= own_writes(0)

      protected

      # @param level [Integer] how many blocks further out the variables belong
      def own_writes(level)
        @instructions.filter_map { |instruction| written(instruction, level) } +
          inner.flat_map { |listing| listing.own_writes(level + 1) }
      end

      private

      # @return [Array<InstructionList>] of the blocks and handlers within it
      def inner
        @inner ||= @instructions.flat_map { |instruction| instruction.operands.grep(Array).select { code?(it) } }
                                .map { |code| nested(code) } + @catches.filter_map(&:handler)
      end

      def own_sets = @own_sets ||= @instructions.filter_map { |instruction| written(instruction, 0) }

      # Blocks name the variables around them by level and by the index that they have there.
      def written(instruction, level)
        return unless %i[setlocal setblockparam].include?(instruction.op)

        index, at = instruction.operands
        index if at == level
      end

      def thrown?(instruction, *kinds) = instruction.op == :throw && kinds.include?(instruction.operands.first & KIND)

      def exits
        @exits ||= @instructions.each_index.select { |position| exit?(@instructions[position]) } +
                   @catches.filter_map { |caught| caught.from if caught.handler&.returns_out? }
      end

      def exit?(instruction)
        blocks = instruction.operands.grep(Array).select { |operand| code?(operand) }.map { |code| nested(code) }
        blocks.any? { |block| block.type == :block && block.returns_out? }
      end

      def code?(operand) = self.class.code?(operand)

      def read(body)
        line = @first_line
        body.each do |item|
          case item
          when Integer then line = item
          when Symbol then @positions[item] = @instructions.size if item.start_with?("label_")
          else @instructions << instruction(item, line)
          end
        end
        @leaders = @positions.values.to_set
      end

      # Some instructions have an operand in their name.
      def instruction(item, line)
        name, *operands = item
        plain, *fixed = SHORT.fetch(name.name, [name])
        Instruction.new(op: plain, operands: operands + fixed, line:)
      end

      def read_catch(entry)
        type, handler, from, to, target = entry
        Catch.new(type:, handler: handler && nested(handler), from: position(from), to: position(to),
                  target: position(target))
      end
    end
  end
end
