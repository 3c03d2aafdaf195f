# frozen_string_literal: true

module Kino
  module Check
    # What {Reader} knows of the elements of an Array or a Hash that exists already.
    #
    # @api private
    module Elements
      # Methods that give one of the elements of an Array or the values of a Hash.
      PICKING = %i[[] fetch dig first last sample find detect min_by max_by].freeze
      # Whose methods call their block with the elements first of all. Some do not (`inject`): then a value is taken for
      # another, and at most a possible finding comes of it.
      ITERATORS = [Array, Hash, Enumerable].freeze

      private

      def picked(value, request)
        elements = elements_of(value.object, request.first) or return
        values = elements.first(Values::Several::LIMIT + 1).map { Values::Known.new(it, "#{value.label}[]") }
        values.empty? ? nil : Values.several(values)
      end

      # @return [Array, nil]
      def elements_of(object, key)
        case object
        when Hash
          name = literal_of(key)
          return [object.fetch(name)] if name && object.instance_of?(Hash) && object.key?(name)

          object.instance_of?(Hash) ? object.values : nil
        when Array then object.instance_of?(Array) ? object : nil
        end
      end

      # A key that is asked of a Hash must not have an `eql?` of the app's.
      def literal_of(value)
        case value
        when Values::Known then value.object if [Symbol, String, Integer].include?(Peek.class_of(value.object))
        when Values::Made then value.literal
        end
      end

      # @return [Array<Object>, nil] what a block is called with that goes over an Array or a Hash
      def iterated(value, method)
        return unless value.is_a?(Values::Known) && ITERATORS.include?(method.owner)

        object = value.object
        return unless [Array, Hash].any? { |type| Peek.class_of(object).equal?(type) }

        [*object].first(Values::Several::LIMIT)
      end
    end
  end
end
