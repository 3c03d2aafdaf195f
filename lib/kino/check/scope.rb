# frozen_string_literal: true

require "kino/check/peek"

module Kino
  module Check
    # Looks a constant up as code that stands somewhere would find it, and loads nothing. Ruby does not tell in which
    # modules a method stands, but the name of its owner does, unless that was opened by its full name.
    #
    # @api private
    class Scope
      # What was found: `state` is :found, :not_loaded (it is an autoload) or :missing.
      Answer = Data.define(:state, :value, :name)

      # The top of a file.
      TOP = [Object].freeze

      # @param owner [Module] of a method
      # @return [Scope]
      def self.of(owner)
        owner = Peek.attached(owner) if Peek.singleton_class?(owner)
        owner = Peek.class_of(owner) unless Peek.module?(owner)
        parts = Peek.name(owner).to_s.split("::")[..-2]
        outer = parts.each_index.filter_map { |last| module_at(parts[..last]) }
        new([owner, *outer.reverse])
      end

      # @param block [Proc]
      # @return [Scope]
      def self.of_proc(block)
        new(Peek.binding(block).eval("::Module.nesting"))
      rescue ArgumentError # a shareable one has no binding
        new(TOP)
      end

      def self.module_at(names)
        names.reduce(Object) do |mod, name|
          break unless Peek.module?(mod) && name.match?(/\A[[:upper:]]/) && Peek.constant?(mod, name, false)
          break if Peek.autoload?(mod, name, false)

          Peek.constant(mod, name, false)
        end
      end
      private_class_method :module_at

      # @param nesting [Array<Module>] innermost first
      def initialize(nesting)
        @nesting = nesting
      end

      # @param path [Array<Symbol>] such as [:Rack, :Request]; begins with an empty one if it is meant from the top
      # @return [Answer]
      def find(path)
        first, *rest = path
        answer = first.empty? ? Answer.new(:found, Object, "") : lookup(first)
        rest.reduce(answer) do |found, name|
          return found unless found.state == :found && Peek.module?(found.value)

          self.class.fetch(found.value, name, inherit: true)
        end
      end

      # @param mod [Module]
      # @param name [Symbol]
      # @param inherit [Boolean]
      # @return [Answer]
      def self.fetch(mod, name, inherit:)
        # Where a module is asked, Ruby looks at the top as well: who has it is asked, for it may be an autoload there.
        holder = (inherit ? [mod, *Peek.ancestors(mod), *Peek.ancestors(Object)] : [mod])
                 .find { Peek.constant?(it, name, false) }
        return Answer.new(:missing, nil, name.to_s) unless holder

        title = Peek.same?(holder, Object) ? name.to_s : "#{Peek.title(holder)}::#{name}"
        return Answer.new(:not_loaded, nil, title) if Peek.autoload?(holder, name, false)

        Answer.new(:found, Peek.constant(holder, name, false), title)
      end

      # @param mod [Module]
      # @return [Array<Answer>] its own constants, as far as they are loaded
      def self.own(mod)
        Peek.constants(mod, false).map { |name| fetch(mod, name, inherit: false) }.select { it.state == :found }
      end

      private

      def lookup(name)
        lexical = @nesting.lazy.map { |mod| self.class.fetch(mod, name, inherit: false) }
        inherited = [@nesting.first || Object, Object].lazy.map { |mod| self.class.fetch(mod, name, inherit: true) }
        (lexical + inherited).find { |answer| answer.state != :missing } || Answer.new(:missing, nil, name.to_s)
      end
    end
  end
end
