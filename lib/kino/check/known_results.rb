# frozen_string_literal: true

require "kino/check/elements"
require "kino/check/idioms"

module Kino
  module Check
    # What some of Ruby's own methods return, as far as that follows from what is known. It finds the app that a router
    # picks from a Hash, and leaves out code that cannot run.
    #
    # @api private
    module KnownResults
      include Elements
      include Idioms

      # Methods that give the object that they are called on.
      SAME = %i[freeze itself tap].freeze
      # Methods that ask for the type of an object.
      TYPES = %i[is_a? kind_of? instance_of?].freeze

      private

      # @return [Object, nil] nil where nothing is known of it
      def native_result(value, method, request)
        return made_result(value, request) if method.original_name == :new && value.is_a?(Values::Known)
        return closure(request) if %i[lambda proc].include?(request.name)
        return unless Rules.core?(method)
        return value if SAME.include?(request.name)
        return type_result(value, request) if TYPES.include?(request.name)

        value.is_a?(Values::Known) ? known_result(value, request) : made_call(value, request)
      end

      # Strings and the like need not be followed; what has an `initialize` in Ruby does.
      def made_result(value, request)
        return unless Peek.kind?(value.object, Class)

        made = @code.made(value.object)
        method = made.method(:initialize)
        enter(made, method, request) if method
        made
      end

      def closure(request)
        request.block.is_a?(Values::Block) ? made_closure(request.block) : request.block
      end

      def made_closure(block)
        @made[[@position, :closure]] ||= Values::Closure.new(block)
      end

      def type_result(value, request)
        type = request.first
        return unless type.is_a?(Values::Known) && Peek.module?(type.object)

        own = own_type(value, type.object) or return
        exact = request.name == :instance_of?
        Values::Known.new(exact ? Peek.same?(own, type.object) : Peek.descends?(own, type.object) == true)
      end

      # All is taken for an Object: what is only a BasicObject hardly gets to where somebody asks for that.
      def own_type(value, type)
        case value
        when Values::Known then Peek.class_of(value.object)
        when Values::NewObject then value.type
        else type if Peek.same?(type, Object)
        end
      end

      # @return [Object, nil]
      def made_call(value, request)
        return responds(value, request) if request.name == :respond_to?
        return Values::Known.new(value.type) if request.name == :class
        return side(value, request) if value.is_a?(Values::Pair)
        return unless value.is_a?(Values::Closure) && Rules::CALLS.include?(request.name)

        run_block(value, by: nil)
        Values::UNKNOWN
      end

      def known_result(value, request)
        case request.name
        when :! then Values::Known.new(!value.truth)
        when :=== then case_result(value, request)
        when :class then Values::Known.new(Peek.class_of(value.object))
        when :frozen? then Values::Known.new(Peek.frozen?(value.object))
        when :main? then Values::Known.new(false) if Peek.same?(value.object, Ractor)
        when :respond_to? then responds(value, request)
        else known_call(value, request)
        end
      end

      # `when Type`; that of a Proc calls it.
      def case_result(value, request)
        return known_call(value, request) unless a_module?(value)

        type_result(request.first, request.with(name: :is_a?, arguments: [value]))
      end

      def responds(value, request)
        name = symbol(request.first)
        return unless name && request.arguments&.size == 1
        return Values::Known.new(true) if value.public?(name)

        missing = value.method(:respond_to_missing?)
        return Values::Known.new(false) if missing.nil? || Rules.core?(missing)

        enter(value, missing, request.vague) || Values::UNKNOWN
      end

      def known_call(value, request)
        object = value.object
        if Peek.kind?(object, Proc) && Rules::CALLS.include?(request.name)
          run_proc(value, by: nil)&.result
        else
          picked(value, request) || part(value, request)
        end
      end

      def nil_question(_info)
        value = @state.pop
        return dispatch(value, Calls::Request.plain(:nil?)) if Values.each(value).any? { answers_nil?(it) }

        dispatch_nil(value)
      end

      # Whether it has a `nil?` of its own, as one has that stands for nothing.
      def answers_nil?(value) = !value.method(:nil?)&.owner&.then { [Kernel, NilClass].include?(it) }

      def dispatch_nil(value)
        answer = nil_or_not(value)
        push(answer.nil? ? Values::UNKNOWN : Values::Known.new(answer))
      end

      # @return [Boolean, nil] nil where it may be both. (Not by `one?`, which counts what is true.)
      def nil_or_not(value)
        return if value.is_a?(Values::Doubtful)

        answers = Values.each(value).map { it.same?(Values::NIL) }.uniq
        answers.first if answers.size == 1
      end
    end
  end
end
