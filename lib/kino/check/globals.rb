# frozen_string_literal: true

require "kino/check/rules"

module Kino
  module Check
    # How {Reader} takes global variables, and `defined?`.
    #
    # @api private
    module Globals
      private

      def global(name)
        writes = @routine.listing.instructions[@position].op == :setglobal
        refuse_global(name, writes ? "set" : "read")
        return drop if writes

        push(global_value(name))
      end

      # What asks for a library that the app does not load, as many gems do, is not read.
      def defined_constant(kind, holder, name)
        answer = @routine.scope.find([name]) if kind == Kinds::CONSTANT
        answer = Scope.fetch(holder.object, name, inherit: true) if kind == Kinds::CONSTANT_FROM && a_module?(holder)
        answer&.state == :missing ? Values::NIL : Values::UNKNOWN
      end

      # Before Ruby 4.0 nothing says whether a Ractor may use what is another name of a global variable: that is left to
      # what the memory held before (rb_alias_variable leaves ractor_local as it is).
      def refuse_global(name, use)
        note(:global, "#{name} is #{use}", is_sure: Ruby.four? || !alias?(name)) unless Rules.global?(name)
      end

      # Ruby does not tell, but names of the same variable have the same traces. None is called here: nobody sets it.
      def alias?(name)
        trace = proc {}
        trace_var(name, trace)
        (global_variables - [name]).any? { |other| untrace_var(other, trace) }
      rescue NameError # no program has named it yet
        false
      ensure
        untrace_var(name, trace) if global_variables.include?(name)
      end

      def global_value(name)
        case name
        when :$DEBUG then Values::Known.new($DEBUG)
        when :$VERBOSE then Values::Known.new($VERBOSE)
        when :$stdin, :$stdout, :$stderr then @code.made(IO)
        else Values::UNKNOWN
        end
      end

      # `defined?` of a global or class variable is refused like the reading of it; that of a constant is not.
      def defined(kind, name, _answer)
        holder = @state.pop
        refuse_global(name, "asked for") if kind == Kinds::GLOBAL
        note(:class_variable, "#{name} is asked for") if kind == Kinds::CLASS_VARIABLE
        push(defined_constant(kind, holder, name))
      end

      # The first operand of `defined`, by trial: the numbers are the VM's own.
      module Kinds
        def self.of(code)
          _, _, _, _, *rest = RubyVM::InstructionSequence.compile(code).to_a
          rest.last.grep(Array).find { it[0] == :defined }[1]
        end
        private_class_method :of

        # What the VM calls a global variable there.
        GLOBAL = of("defined?($kino)")
        # A constant.
        CONSTANT = of("defined?(Kino)")
        # One of what stands before it.
        CONSTANT_FROM = of("defined?(::Kino)")
        # What it calls a class variable.
        CLASS_VARIABLE = of("defined?(@@kino)")
      end
    end
  end
end
