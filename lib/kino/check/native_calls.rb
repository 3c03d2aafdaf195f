# frozen_string_literal: true

require "kino/check/extensions"
require "kino/check/known_results"

module Kino
  module Check
    # How {Reader} takes a call of a method that is not written in Ruby: one of Ruby's own, of a C extension, or an
    # accessor.
    #
    # @api private
    module NativeCalls
      include KnownResults

      # Ruby's own methods that do what an instruction does, with the name as an argument.
      REFLECTION = {
        send: :reflect_send, __send__: :reflect_send, public_send: :reflect_send,
        instance_variable_get: :reflect_ivar_get, instance_variable_set: :reflect_ivar_set,
        remove_instance_variable: :reflect_ivar_set,
        class_variable_get: :reflect_class_variable, class_variable_set: :reflect_class_variable,
        class_variable_defined?: :reflect_class_variable,
        const_get: :reflect_constant, const_set: :reflect_constant_set
      }.freeze

      # What a Proc is called with.
      PROC_CALLS = %i[call () yield === []].freeze

      private

      # @return [Object, Symbol] the value of the result, or :ends
      def call_native(value, method, request)
        return :ends if Rules::ENDINGS.include?(request.name) && Rules.title(method.owner).to_s.match?(/\bKernel\b/)
        return accessor(value, method, request) if method.source_location && !internal?(method)

        refuse_native(value, method)
        reflected = REFLECTION[request.name]
        return send(reflected, value, request) if reflected && Rules.core?(method)

        native_block(value, method, request)
        native_result(value, method, request) || Values::UNKNOWN
      end

      def internal?(method) = method.source_location.first.start_with?("<internal:")

      # Made by attr_reader, attr_writer or attr_accessor: the only ones outside of C that have a place but no code.
      def accessor(value, method, request)
        name = method.original_name.to_s
        return ivar_of(value, :"@#{name}") unless name.end_with?("=")

        write_ivar_of(value, :"@#{name.delete_suffix("=")}", request.first)
        Values::UNKNOWN
      end

      def refuse_native(value, method)
        forbidden = Rules.forbidden(method)
        note(:forbidden, "#{value.label}.#{method.name} is called: #{forbidden}") if forbidden
        extension = Extensions.unsafe(method)
        note(:extension, "#{value.label}.#{method.name} belongs to #{File.basename(extension)}", is_sure: false) if extension
        refuse_change(value, method) if value.is_a?(Values::Known)
      end

      def refuse_change(value, method)
        return unless Rules.core?(method) && Peek.frozen?(value.object) && Rules.changes?(value.object, method.name)

        note(:frozen, "#{value.label} is changed (#{method.name}), and it is frozen")
      end

      def native_block(value, method, request)
        return if %i[lambda proc].include?(request.name) && Rules.core?(method)

        by = Rules::CALLING.include?(request.name) ? nil : :maybe
        run_block(request.block, by:, receiver: block_receiver(value, request.name), elements: iterated(value, method))
      end

      def block_receiver(value, name)
        return value if Rules::CHANGING_SELF.include?(name)

        Values::UNKNOWN if %i[new define define_method].include?(name) && Peek.module?(value.is_a?(Values::Known) && value.object)
      end

      def reflect_send(value, request)
        name = symbol(request.first)
        return call_one(value, request.behind_first(name)) if name

        send_anything(value)
        Values::UNKNOWN
      end

      # The name comes about in the request: it may be any method of its own.
      def send_anything(value)
        @code.own_methods(value).each do |method|
          routine = @code.routine(method, value)
          @routine.calls(@position, routine, by: :maybe) if routine
        end
      end

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
        return Values::UNKNOWN unless value.is_a?(Values::Known) && Peek.module?(value.object)

        name = symbol(request.first)
        return any_constant(value) unless name

        name.to_s.split("::").map(&:to_sym).reduce(value) do |holder, part|
          break Values::UNKNOWN unless holder.is_a?(Values::Known) && Peek.module?(holder.object)

          resolve(Scope.fetch(holder.object, part, inherit: true))
        end
      end

      # The name comes about in the request: it may be any of the module's own.
      def any_constant(value)
        return Values::UNKNOWN if value.object.equal?(Object) # which is all that there is

        Scope.own(value.object).each do |answer|
          next if Ractor.shareable?(answer.value)

          note(:constant, "#{answer.name} holds #{Peek.describe(answer.value)}", is_sure: false,
                                                                                 fix: Advice.for_value(answer.value))
        end
        Values::UNKNOWN
      end

      def reflect_constant_set(_value, request)
        content = request.arguments&.at(1)
        refused = content.is_a?(Values::Made) || (content.is_a?(Values::Known) && !Ractor.shareable?(content.object))
        note(:constant_write, "#{symbol(request.first)} is set") if refused
        Values::UNKNOWN
      end

      def symbol(value)
        case value
        when Values::Known then value.object.to_sym if [Symbol, String].include?(Peek.class_of(value.object))
        when Values::Made then value.literal&.to_sym
        end
      end
    end
  end
end
