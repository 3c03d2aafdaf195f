# frozen_string_literal: true

require "kino/check/values"

module Kino
  module Check
    # The ways through one method or block. It goes over the instructions until nothing new is learnt of the values,
    # leaves out branches whose condition is known, and so finds what runs whichever way is taken.
    #
    # @api private
    class Flow
      # Times that a stretch is gone over before what still changes there counts as unknown: a loop through a hundred
      # states would else be gone through a hundred times, with a state more each time.
      ROUNDS = 5

      # What is on the stack and in the local variables. An empty stack gives unknown values, so that where ways with
      # unlike stacks meet, only what they have in common has to be kept.
      State = Struct.new(:stack, :locals) do
        # @return [Object]
        def pop = stack.pop || Values::UNKNOWN

        # @return [Array] in the order in which they were put there
        def take(count) = Array.new(count) { pop }.reverse

        # @return [Object] the one so many below the top
        def peek(depth = 0) = stack[-1 - depth] || Values::UNKNOWN

        # @return [State]
        def copy = State.new(stack.dup, locals.dup)

        # @return [State]
        def join(other)
          depth = [stack.size, other.stack.size].min
          State.new(stack.last(depth).zip(other.stack.last(depth)).map { |one, two| Values.join(one, two) },
                    (locals.keys & other.locals.keys).to_h { [it, Values.join(locals[it], other.locals[it])] })
        end

        # @param later [State] what this one has become
        # @return [State] without what differs
        def widen(later)
          State.new(later.stack.zip(stack.last(later.stack.size)).map { |now, before| steady(now, before) },
                    later.locals.to_h { |index, now| [index, steady(now, locals[index])] })
        end

        # @return [Boolean]
        def same?(other)
          stack.size == other.stack.size && locals.size == other.locals.size &&
            stack.zip(other.stack).all? { |one, two| one.same?(two) } &&
            locals.all? { |index, value| other.locals.key?(index) && value.same?(other.locals[index]) }
        end

        private

        def steady(now, before) = before && now.same?(before) ? now : Values::UNKNOWN
      end

      # @param listing [InstructionList]
      # @param entries [Array<Integer>] where it may begin
      # @param locals [Hash{Integer => Object}] what is known of the parameters
      # @yieldparam position [Integer] of an instruction
      # @yieldparam state [State] before it; to be changed to what it is after it
      # @yieldreturn [Array<Integer>, nil] where the code goes on; nil for the next instruction, none for an end
      def initialize(listing, entries, locals, &step)
        @listing = listing
        @entries = entries
        @locals = locals
        @kept = locals.select { |index, _value| listing.kept?(index) }
        @step = step
        # Only the beginnings of stretches without a branch have a state and edges.
        @states = {}
        @queue = []
        # How often each was gone over.
        @rounds = Hash.new(0)
        # Where a stretch goes on, by its beginning: the ways of the last time that it was gone through, when most is
        # known of the values.
        @edges = Hash.new { |edges, from| edges[from] = [] }
        # The beginning of its stretch, by instruction.
        @first = {}
      end

      # @return [self]
      def run
        @entries.each { |entry| arrive(entry, State.new([], @locals)) }
        # In the order of the code, so that what comes together somewhere is mostly there when that is gone over.
        advance(@queue.delete(@queue.min)) until @queue.empty?
        @certain = Paths.new(@entries, @edges, @states.keys).unavoidable
        self
      end

      # @return [Boolean] whether the instruction runs whichever way is taken
      def certain?(position) = @certain.include?(@first[position])

      # @return [Boolean] whether it can run
      def reached?(position) = @first.key?(position)

      private

      def arrive(position, state)
        known = @states[position]
        joined = known ? known.join(state) : state
        return if known&.same?(joined)

        joined = known.widen(joined) if @rounds[position] >= ROUNDS

        @states[position] = joined
        @queue << position unless @queue.include?(position)
      end

      # Goes through one stretch. What is known by now is no more than before, so that it goes on everywhere where it
      # went on before: its edges are found anew.
      def advance(leader)
        @rounds[leader] += 1
        state = @states.fetch(leader).copy
        @edges[leader] = []
        break_out(leader)
        position = leader
        loop do
          @first[position] = leader
          targets = @step.call(position, state) || [position + 1]
          return targets.each { |target| link(leader, target, state) } if ends?(targets, position)

          position += 1
        end
      end

      def ends?(targets, position)
        targets != [position + 1] || @listing.leader?(position + 1) || position + 1 >= @listing.instructions.size
      end

      def link(leader, target, state)
        return if target >= @listing.instructions.size

        @edges[leader] |= [target]
        arrive(target, state.copy)
      end

      # Anything may be raised anywhere: what is behind a rescue can be reached from all that it guards. Labels stand
      # where that begins and ends, so a stretch is within it or not. Of the variables those are known
      # there that are never set.
      def break_out(leader)
        @listing.catches.each do |caught|
          next unless %i[rescue break].include?(caught.type) && caught.include?(leader)

          link(leader, caught.target, State.new(caught.guard? ? [Values::NIL] : [], @kept))
        end
      end

      # Which stretches no way through can leave out: those that dominate every end, in the words of compilers.
      class Paths
        # @param entries [Array<Integer>]
        # @param edges [Hash{Integer => Array<Integer>}]
        # @param nodes [Array<Integer>]
        def initialize(entries, edges, nodes)
          @entries = entries
          @edges = edges
          @nodes = nodes.sort
          @bits = @nodes.each_with_index.to_h { |node, index| [node, 1 << index] }
          @all = (1 << @nodes.size) - 1
        end

        # @return [Array<Integer>]
        def unavoidable
          dominators = settle
          ends = @nodes.select { |node| @edges[node].empty? }
          ends = @entries if ends.empty? # it never ends
          mask = ends.map { |node| dominators[node] }.reduce(@all, :&)
          @nodes.select { |node| mask.anybits?(@bits[node]) }
        end

        private

        def settle
          before = predecessors
          dominators = @nodes.to_h { |node| [node, @all] }
          loop do
            changed = @nodes.reject do |node|
              ways = before[node].map { dominators[it] }
              ways << 0 if @entries.include?(node)
              dominators[node] == (dominators[node] = ways.reduce(@all, :&) | @bits[node])
            end
            return dominators if changed.empty?
          end
        end

        def predecessors
          before = @nodes.to_h { |node| [node, []] }
          @edges.each { |from, targets| targets.each { |to| before[to] << from if before.key?(from) } }
          before
        end
      end
      private_constant :Paths
    end
  end
end
