# frozen_string_literal: true

require "kino/check/advice"
require "kino/check/scope"

module Kino
  module Check
    # How {Reader} takes the instructions that read and set constants.
    #
    # @api private
    module Constants
      private

      def constant(path)
        answers = @routine.scope.find_all(path)
        values = doubting(answers.size > 1) { answers.map { resolve(it) } }
        push(values.reduce { |one, other| Values.join(one, other) })
      end

      def scoped_constant(name)
        allow_nil, holder = @state.take(2).reverse
        return push(Values::UNKNOWN) unless allow_nil.truth == false && holder.is_a?(Values::Known)
        return push(Values::UNKNOWN) unless Peek.module?(holder.object)

        push(resolve(Scope.fetch(holder.object, name, inherit: true)))
      end

      def resolve(answer)
        case answer.state
        when :found then found_constant(answer)
        when :not_loaded
          note(:not_loaded, "#{answer.name} is not loaded yet", is_sure: false)
          Values::UNKNOWN
        else missing_constant(answer)
        end
      end

      def found_constant(answer)
        refuse_held(:constant, answer.name, answer.value) unless Ractor.shareable?(answer.value)
        Values::Known.new(answer.value, answer.name)
      end

      # Whoever has a `const_missing` is asked; else it raises NameError, or the code stands elsewhere than is known.
      def missing_constant(answer)
        holder = Values::Known.new(answer.holder)
        method = holder.method(:const_missing)
        unless method.nil? || Rules.core?(method)
          return enter(holder, method, Calls::Request.plain(:const_missing, Values::Known.new(answer.name.to_sym))) ||
                 Values::UNKNOWN
        end

        note(:cut, "#{answer.name} is not found from here", is_sure: false) if answer.name.match?(Scope::NAME)
        Values::UNKNOWN
      end

      def write_constant(name)
        value, = @state.take(2)
        safe = value.is_a?(Values::Known) && Ractor.shareable?(value.object)
        note(:constant_write, "#{name} is set") unless safe || value.is_a?(Values::Anything)
        nil
      end
    end
  end
end
