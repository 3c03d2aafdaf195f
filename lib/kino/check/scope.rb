# frozen_string_literal: true

require "kino/check/nesting"
require "kino/peek"
require "kino/check/surroundings"

module Kino
  module Check
    # Looks a constant up as code that stands somewhere would find it, and loads nothing. Where it is not found out in
    # which modules a method stands, the name of its owner tells, unless that was opened by its full name.
    #
    # @api private
    class Scope
      # What was found: `state` is :found, :not_loaded (it is an autoload) or :missing; `holder` is what was asked for
      # it.
      Lookup = Data.define(:state, :value, :name, :holder) do
        def initialize(state:, value:, name:, holder: nil) = super
      end

      # What can be the name of a constant.
      NAME = /\A[[:upper:]]\w*\z/

      # The top of a file.
      TOP = [Object].freeze

      # @param method [UnboundMethod]
      # @return [Scope]
      def self.of_method(method)
        nesting = Nesting.of(method)
        nesting ? new(nesting) : of(method.owner)
      end

      # @param owner [Module] of a method
      # @return [Scope] by the owner's name
      def self.of(owner)
        owner = Peek.attached(owner) if Peek.singleton_class?(owner)
        owner = Peek.class_of(owner) unless Peek.module?(owner)
        parts = Peek.name_of(owner).to_s.split("::")[..-2]
        outer = parts.each_index.filter_map { |last| module_at(parts[..last]) }
        new([owner, *outer.reverse], sure: 1)
      end

      # @param block [Proc]
      # @return [Scope]
      def self.of_proc(block)
        new(Surroundings.nesting(block) || TOP)
      end

      # @param mod [Module]
      # @return [Boolean] whether its name leads to it
      def self.reachable?(mod) = Peek.same?(module_at(Peek.name_of(mod).split("::")), mod)

      def self.module_at(names)
        names.reduce(Object) do |mod, name|
          break unless Peek.module?(mod) && name.match?(NAME) && Peek.constant?(mod, name, false)
          break if Peek.autoload?(mod, name, false)

          Peek.constant(mod, name, false)
        end
      end
      private_class_method :module_at

      # @param nesting [Array<Module>] innermost first
      # @param sure [Integer] how many of them it is known of that they are around the code
      def initialize(nesting, sure: nesting.size)
        @nesting = nesting
        @sure = sure
      end

      # @param path [Array<Symbol>] see {#find}
      # @return [Array<Lookup>] what {#find} gives; and if that is only guessed, what it may be as well
      def find_all(path)
        answer = find(path)
        return [answer] if @sure == @nesting.size

        other = Scope.new(@nesting.first(@sure)).find(path)
        [answer, other].reject { |one| one.state == :missing }.uniq { |one| [one.state, Peek.id(one.value)] }
                       .then { |found| found.empty? ? [answer] : found }
      end

      # @param path [Array<Symbol>] such as [:Rack, :Request]; begins with an empty one if it is meant from the top
      # @return [Lookup]
      def find(path)
        first, *rest = path
        answer = first.empty? ? Lookup.new(:found, Object, "") : lookup(first)
        rest.reduce(answer) do |found, name|
          return found unless found.state == :found && Peek.module?(found.value)

          self.class.fetch(found.value, name, inherit: true)
        end
      end

      # @param mod [Module]
      # @param name [Symbol]
      # @param inherit [Boolean]
      # @return [Lookup]
      def self.fetch(mod, name, inherit:)
        return Lookup.new(:missing, nil, name.to_s, mod) unless name.match?(NAME)

        # Where a module is asked, Ruby looks at the top as well: who has it is asked, for it may be an autoload there.
        holder = (inherit ? [mod, *Peek.ancestors_of(mod), *Peek.ancestors_of(Object)] : [mod])
                 .find { Peek.constant?(it, name, false) }
        return Lookup.new(:missing, nil, name.to_s, mod) unless holder

        title = Peek.same?(holder, Object) ? name.to_s : "#{Peek.title(holder)}::#{name}"
        return Lookup.new(:not_loaded, nil, title) if Peek.autoload?(holder, name, false)

        Lookup.new(:found, Peek.constant(holder, name, false), title)
      end

      # @param mod [Module]
      # @return [Array<Lookup>] its own constants, as far as they are loaded
      def self.own(mod)
        Peek.constants_of(mod, false).map { |name| fetch(mod, name, inherit: false) }.select { it.state == :found }
      end

      private

      def lookup(name)
        lexical = @nesting.lazy.map { |mod| self.class.fetch(mod, name, inherit: false) }
        inherited = [@nesting.first || Object, Object].lazy.map { |mod| self.class.fetch(mod, name, inherit: true) }
        (lexical + inherited).find { |answer| answer.state != :missing } ||
          Lookup.new(:missing, nil, name.to_s, @nesting.first || Object)
      end
    end
  end
end
