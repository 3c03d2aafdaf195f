# frozen_string_literal: true

require "kino/check/values"

module Kino
  module Check
    # How {Reader} takes the methods of the app's objects that Ruby's own call without a word in the code.
    #
    # @api private
    module Implied
      # By where a method is from, what it calls of the object.
      BY_OWNER = { Comparable => :<=>, Enumerable => :each }.compare_by_identity.freeze
      # By name, what a method calls of the object.
      BY_NAME = { :!= => :==, dup: :initialize_copy, clone: :initialize_copy }.freeze
      # By name, what a method of an Array calls of its elements.
      OF_ELEMENTS = {
        sort: :<=>, min: :<=>, max: :<=>, minmax: :<=>, include?: :==, index: :==, count: :==, delete: :==, uniq: :hash,
        tally: :hash, :- => :hash, :& => :hash, :| => :hash, join: :to_s, sum: :+, inspect: :inspect, to_s: :inspect
      }.freeze
      # What Ruby's own methods may call of what they are given.
      OF_ARGUMENTS = %i[coerce to_str to_ary to_hash to_path to_int to_json].freeze
      private_constant :BY_OWNER, :BY_NAME, :OF_ELEMENTS, :OF_ARGUMENTS

      private

      # @param value [Object] what a method of Ruby's is called on
      # @return [void]
      def call_implied(value, method, request)
        name = BY_OWNER[method.owner] || BY_NAME[request.name]
        call_own(value, name, request.vague) if name
        doubting(true) do
          imply(request.arguments, OF_ARGUMENTS)
          imply(elements_within(value), [OF_ELEMENTS[request.name]]) if OF_ELEMENTS.key?(request.name)
        end
      end

      def imply(values, names)
        values.to_a.flat_map { |value| Values.each(value) }.each do |value|
          names.each { |name| call_own(value, name, Calls::Request.plain(name).vague) }
        end
      end

      def call_own(value, name, request)
        method = value.method(name)
        enter(value, method, request) if method && !Rules.core?(method)
      end

      def elements_within(value)
        case value
        when Values::Tuple then value.elements
        when Values::Known then few(value.object)&.map { Values::Known.new(it) } if Peek.kind?(value.object, Array)
        end
      end

      # `"#{value}"`
      def to_string(*)
        value = @state.pop
        return push(Values::UNKNOWN) unless Values.each(value).any? { own_method?(it, :to_s) }

        dispatch(value, Calls::Request.plain(:to_s))
      end

      def own_method?(value, name) = value.method(name)&.then { |method| !Rules.core?(method) }

      # `&value`
      def call_to_proc(value)
        return unless value.is_a?(Values::Known) || value.is_a?(Values::NewObject)

        call_own(value, :to_proc, Calls::Request.plain(:to_proc))
      end
    end
  end
end
