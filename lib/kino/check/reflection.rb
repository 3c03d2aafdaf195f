# frozen_string_literal: true

module Kino
  module Check
    # How {Reader} takes the methods of Ruby that do by name what the code could do in words.
    #
    # @api private
    module Reflection
      # Ruby's own methods that do what an instruction does, with the name as an argument.
      METHODS = {
        send: :reflect_send, __send__: :reflect_send, public_send: :reflect_send,
        instance_variable_get: :reflect_ivar_get, instance_variable_set: :reflect_ivar_set,
        remove_instance_variable: :reflect_ivar_set,
        class_variable_get: :reflect_class_variable, class_variable_set: :reflect_class_variable,
        class_variable_defined?: :reflect_class_variable,
        eval: :reflect_eval, instance_eval: :reflect_eval, class_eval: :reflect_eval, module_eval: :reflect_eval,
        const_get: :reflect_constant, const_set: :reflect_constant_set
      }.freeze

      private

      def reflect_send(value, request)
        name = symbol(request.first)
        return call_one(value, request.behind_first(name)) if name

        send_anything(value)
        Values::UNKNOWN
      end

      # The name comes about in the request: it may be any method of its own.
      def send_anything(value) = calls(@code.fan(value), by: :maybe)

      def reflect_ivar_get(value, request)
        name = symbol(request.first)
        name ? ivar_of(value, name) : Values::UNKNOWN
      end

      def reflect_ivar_set(value, request)
        name = symbol(request.first) || :"@..."
        write_ivar_of(value, name, Values::UNKNOWN)
        Values::UNKNOWN
      end

      def reflect_class_variable(_value, request)
        note(:class_variable, "#{symbol(request.first) || "one"} is used by #{request.name}")
        Values::UNKNOWN
      end

      def reflect_constant(value, request)
        return Values::UNKNOWN unless a_module?(value)

        name = symbol(request.first)
        return any_constant(value) unless name

        parts = name.name.split("::").map(&:to_sym)
        value = Values::Known.new(Object) if parts.first == :"" && parts.shift
        parts.reduce(value) do |holder, part|
          break Values::UNKNOWN unless a_module?(holder)

          resolve(Scope.fetch(holder.object, part, inherit: true))
        end
      end

      # The name comes about in the request: it may be any of the module's own.
      def any_constant(value)
        return Values::UNKNOWN if Peek.same?(value.object, Object) # which is all that there is

        Scope.own(value.object).each do |answer|
          refuse_held(:constant, answer.name, answer.value, is_sure: false) unless Ractor.shareable?(answer.value)
        end
        Values::UNKNOWN
      end

      # What it says comes about in the request.
      def reflect_eval(value, request)
        note(:cut, "#{request.name} runs a String", is_sure: false) unless request.block
        native_block(value, value.method(request.name), request) if request.block
        Values::UNKNOWN
      end

      def reflect_constant_set(_value, request)
        content = request.arguments&.at(1)
        refused = content.is_a?(Values::NewObject) ||
                  (content.is_a?(Values::Known) && !Ractor.shareable?(content.object))
        note(:constant_write, "#{symbol(request.first)} is set") if refused
        Values::UNKNOWN
      end
    end
  end
end
