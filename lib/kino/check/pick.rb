# frozen_string_literal: true

require "kino/peek"
require "kino/check/values"

module Kino
  module Check
    # What Ruby's own methods give of an Array or a Hash that exists already: one of its elements, or what there is
    # where none fits. Neither the collection nor what is in it is asked: a subclass is left alone, and so are keys that
    # have an `eql?` of the app's.
    #
    # @api private
    class Pick
      # By class and method, how it is found out.
      WAYS = {
        Hash => { :[] => :value_at, :dig => :value_at, :fetch => :fetched_value, :first => :any_pair,
                  :min_by => :any_pair, :max_by => :any_pair, :find => :found_pair, :detect => :found_pair },
        Array => { :[] => :element_at, :at => :element_at, :dig => :element_at, :fetch => :fetched_element,
                   :first => :first_element, :last => :last_element, :sample => :any_element, :min_by => :any_element,
                   :max_by => :any_element, :find => :found_element, :detect => :found_element }
      }.compare_by_identity.freeze
      # Keys that are equal only to what they look like.
      PLAIN = [Symbol, String, Integer, NilClass, TrueClass, FalseClass, Module, Class].freeze
      private_constant :WAYS, :PLAIN

      # A key that may not be asked whether it is equal to another must be one of these.
      #
      # @param value [Object] a value
      # @return [Symbol, String, Integer, nil]
      def self.literal(value)
        case value
        when Values::Known then value.object if [Symbol, String, Integer].include?(Peek.class_of(value.object))
        when Values::NewObject then value.literal
        end
      end

      # @param value [Values::Known]
      # @param request [Calls::Request]
      # @yieldreturn [Object] the value that the block of the call gives
      def initialize(value, request, &block_result)
        @object = value.object
        @label = value.label
        @request = request
        @arguments = request.arguments
        @block_result = block_result
      end

      # @return [Object, nil] a value; nil where nothing is known
      def value
        found = send(way) if way && @arguments && @request.keywords&.empty?
        Values.several(found.flat_map { |one| Values.each(one) }) if found&.none?(Values::Anything)
      end

      private

      def way = WAYS.fetch(Peek.class_of(@object), {})[@request.name]

      def key = Pick.literal(@arguments.first)

      def known(objects) = objects.map { |object| Values::Known.new(object, "#{@label}[]") }

      def value_at
        return unless @arguments.size == 1 && !Peek.default_proc(@object)

        at_key { [Values::Known.new(Peek.default(@object), "#{@label}.default")] }
      end

      def fetched_value = at_key { alternative }

      # The values that may stand at the key; together with what the block gives, if there may be none.
      def at_key
        return known(pairs.map(&:last)) + yield if key.nil?
        return if Peek.by_identity?(@object) || !pairs.all? { |one, _| PLAIN.include?(Peek.class_of(one)) }

        pair = pairs.find { |one, _| Peek.class_of(one).equal?(Peek.class_of(key)) && one == key }
        pair ? known([pair.last]) : yield
      end

      def pairs = @pairs ||= Peek.pairs(@object)

      def element_at
        return unless @arguments.size == 1

        at_index { [Values::NIL] }
      end

      def fetched_element = at_index { alternative }

      # What is asked for with something else than a number is a part of the Array.
      def at_index
        return known(elements) + yield if key.nil? && !@arguments.first.is_a?(Values::Known)
        return unless key.is_a?(Integer)

        key.between?(-elements.size, elements.size - 1) ? known([elements[key]]) : yield
      end

      def elements = @elements ||= [*@object]

      # Of `fetch`.
      def alternative
        return [@arguments[1]] if @arguments.size == 2

        @request.block ? [@block_result.call || Values::UNKNOWN] : []
      end

      def first_element = @arguments.empty? ? known([elements.first]) : nil
      def last_element = @arguments.empty? ? known([elements.last]) : nil

      def any_element
        return unless @arguments.empty?

        elements.empty? ? [Values::NIL] : known(elements)
      end

      # The first is one of them as well.
      def any_pair
        return unless @arguments.empty?

        pairs.empty? ? [Values::NIL] : pairs.map { |pair| Values::Pair.new(known(pair)) }
      end

      def found_pair = @request.block ? any_pair&.push(Values::NIL) : nil

      def found_element = @arguments.empty? && @request.block ? [*known(elements), Values::NIL] : nil
    end
  end
end
