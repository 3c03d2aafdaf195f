# frozen_string_literal: true

require "kino/check/implied"
require "kino/check/values"

module Kino
  module Check
    # How {Reader} takes methods of Ruby's that hand out another object of the app's, or a method of one.
    #
    # @api private
    module Idioms
      include Implied

      # By the name of a method of Ruby's own.
      WAYS = { dup: :copy, clone: :copy, allocate: :allocated, method: :bound, public_method: :bound }.freeze
      private_constant :WAYS

      private

      # @return [Object, Symbol, nil] the value of the result; nil where it is not known
      def idiom(value, method, request)
        call_implied(value, method, request)
        return member(value, method) if member?(value, method)
        return record(value, request) if of_record?(value, method)
        return unless Rules.core?(method)
        return call_bound(value, request) if value.is_a?(Values::Bound)

        way = WAYS[request.name]
        send(way, value, request) if way
      end

      # `dup.call!(env)`: the copy is not frozen, and has what the object has.
      def copy(value, request)
        return value if value.is_a?(Values::NewObject) || (request.name == :clone && request.keywords&.empty?)

        object = value.object
        return if Peek.module?(object) || Rules.core_name?(Peek.title(Peek.class_of(object)))

        made = @made[[@position, :copy, Peek.id(object)]] ||= copy_of(value)
        method = made.method(:initialize_copy)
        enter(made, method, Calls::Request.plain(:initialize_copy, value)) if method
        made
      end

      def copy_of(value)
        copy = Values::NewObject.new(Peek.class_of(value.object))
        Peek.ivars(value.object).each { |name| copy.ivars[name] = Values::Known.new(Peek.ivar(value.object, name)) }
        copy
      end

      def allocated(value, _request) = (@code.made(value.object) if Peek.kind?(value.token, Class))

      def bound(value, request)
        name = symbol(request.first)
        @made[[@position, :bound, Peek.id(value.token)]] ||= Values::Bound.new(value, name) if name
      end

      def call_bound(value, request)
        call_one(value.receiver, request.with(name: value.name)) if Rules::CALLS.include?(request.name)
      end

      # A reader that a Struct or Data has of its own.
      def member?(value, method)
        value.is_a?(Values::Known) && method.source_location.nil? && [Struct, Data].any? do |type|
          Peek.kind?(value.object, type) && Peek.descends?(method.owner, type) && !Peek.same?(method.owner, type)
        end
      end

      def member(value, method)
        object = value.object
        members = Peek.kind?(object, Struct) ? Peek.struct_to_h(object) : Peek.data_to_h(object)
        return unless members.key?(method.original_name)

        Values::Known.new(members[method.original_name], "#{value.label}.#{method.original_name}")
      end

      # `Point[1, 2]` and `point.with(x: 2)` are new ones.
      def of_record?(value, method)
        return false unless method.source_location.nil? || Rules.core?(method)

        method.name == :[] ? Peek.kind?(value.token, Class) : method.name == :with && Peek.same?(method.owner, Data)
      end

      def record(value, request)
        type = request.name == :with ? own_type(value, Object) : value.object
        @code.made(type) if [Struct, Data].any? { Peek.descends?(type, it) }
      end

      # `&:name`
      def call_by_symbol(name, elements)
        return call_named(name) unless elements

        doubting(true) { elements.each { |object| call_one(Values::Known.new(object), Calls::Request.plain(name)) } }
      end

      # Nothing is known of the receiver.
      def call_named(name)
        found = @code.named.find(name)
        @code.unfollowed << [@routine.listing.place(@position), name] if found.empty? && !Named.common?(name)
        found.each do |method, value|
          routine = @code.routine(method, value)
          calls(routine, by: :maybe) if routine
        end
      end
    end
  end
end
