# frozen_string_literal: true

require "kino/check/extensions"
require "kino/check/known_results"
require "kino/check/reflection"
require "kino/check/refusals"

module Kino
  module Check
    # How {Reader} takes a call of a method that is not written in Ruby: one of Ruby's own, of a C extension, or an
    # accessor.
    #
    # @api private
    module NativeCalls
      include KnownResults
      include Reflection

      private

      # @return [Object, Symbol] the value of the result, or :ends
      def call_native(value, method, request)
        refuse_block(value, method)
        return :ends if Rules::ENDINGS.include?(request.name) && Rules.title(method.owner).to_s.match?(/\bKernel\b/)
        return accessor(value, method, request) if method.source_location && !internal?(method)

        refuse_native(value, method, request)
        reflected = Reflection::METHODS[request.name]
        return send(reflected, value, request) if reflected && Rules.core?(method)

        native_block(value, method, request)
        idiom(value, method, request) || native_result(value, method, request) || Values::UNKNOWN
      end

      # One that was defined from a Symbol (`&:name`) or a method has no code of its own.
      def refuse_block(value, method)
        return if Rules.core?(method) || !@code.of_block?(method)

        note(:method_of_proc, "#{value.label}.#{method.name} is defined from a block")
      end

      def internal?(method) = method.source_location.first.start_with?("<internal:")

      # Made by attr_reader, attr_writer or attr_accessor: the only ones outside of C that have a place but no code.
      def accessor(value, method, request)
        name = method.original_name.to_s
        return ivar_of(value, :"@#{name}") unless name.end_with?("=")

        write_ivar_of(value, :"@#{name.delete_suffix("=")}", request.first)
        Values::UNKNOWN
      end

      def refuse_native(value, method, request)
        why, is_sure = Refusals.forbidden(method, request.arguments)
        note(:forbidden, "#{value.label}.#{method.name} is called: #{why}", is_sure:) if why
        extension = Extensions.unsafe(method)
        if extension
          note(:extension, "#{value.label}.#{method.name} belongs to #{File.basename(extension)}",
               is_sure: false)
        end
        refuse_change(value, method, request) if value.is_a?(Values::Known)
      end

      def refuse_change(value, method, request)
        return unless Rules.core?(method)

        change = Refusals.change(value.object, method.name, block: !request.block.nil?) or return
        return @code.changes(value.object) unless Peek.frozen?(value.object)

        note(:frozen, "#{value.label} is changed (#{method.name}), and it is frozen", is_sure: change == :certain)
      end

      def native_block(value, method, request)
        return if %i[lambda proc].include?(request.name) && Rules.core?(method)

        by = Rules::CALLING.include?(request.name) ? nil : :maybe
        receiver = block_receiver(value, request.name)
        run_block(request.block, by:, receiver:, elements: iterated(value, method))
      end

      def block_receiver(value, name)
        return value if Rules::CHANGING_SELF.include?(name)

        Values::UNKNOWN if %i[new define define_method].include?(name) && a_module?(value)
      end

      def a_module?(value) = value.is_a?(Values::Known) && Peek.module?(value.object)

      # @return [Symbol, nil] nil also for a String of which Ruby makes none
      def symbol(value)
        case value
        when Values::Known then value.object.to_sym if [Symbol, String].include?(Peek.class_of(value.object))
        when Values::NewObject then value.literal&.to_sym
        end
      rescue EncodingError
        nil
      end
    end
  end
end
