# frozen_string_literal: true

require "kino/check/pick"

module Kino
  module Check
    # What {Reader} knows of the elements of an Array or a Hash that exists already.
    #
    # @api private
    module Elements
      # Ruby's own methods that call their block with each element, and with nothing else.
      ITERATORS = %i[
        each each_pair map collect flat_map collect_concat filter_map find_all find detect any? all? none? one?
        partition sort_by min_by max_by minmax_by group_by sum count find_index index take_while drop_while to_h uniq
        reverse_each cycle select filter reject
      ].freeze
      # Those that call it with key and value of a Hash: to a block with one parameter, that is not the same.
      SPREADING = %i[select filter reject any? to_h].freeze
      # Where they are from.
      OWNERS = [Array, Hash, Enumerable].freeze

      private

      # @return [Object, nil] a value; nil where nothing is known
      def picked(value, request)
        Pick.new(value, request) { block_result(request.block) }.value
      end

      # It has been read by now.
      def block_result(block) = block.is_a?(Values::Block) ? @code.block(block).result : nil

      # @param value [Object] a value
      # @return [Array<Object>, nil] values; nil where it is not known to be an Array that stays as it is
      def parts_of(value)
        case value
        when Values::Tuple then value.elements
        when Values::Known
          return [] if value.same?(Values::NIL)

          is_fixed = Peek.class_of(value.object).equal?(Array) && Peek.frozen?(value.object)
          [*value.object].map { Values::Known.new(it, "#{value.label}[]") } if is_fixed
        end
      end

      # `one, other = value`
      def spread(count, flag)
        all = Values.each(@state.pop).map { parts_of(it) }
        return (count + (flag & 1)).times { push(Values::UNKNOWN) } && nil unless flag.zero? && all.any? && all.all?

        (count - 1).downto(0) do |place|
          push(all.map { |parts| parts.fetch(place, Values::NIL) }.reduce { |one, other| Values.join(one, other) })
        end
        nil
      end

      # Of a pair, one is asked for in these words.
      def side(pair, request)
        index = { first: 0, last: 1, :[] => Pick.literal(request.first), at: Pick.literal(request.first) }[request.name]
        pair.elements[index] if index.is_a?(Integer)
      end

      # The first of an Array are an Array as well.
      def part(value, request)
        count = Pick.literal(request.first)
        return unless %i[first last].include?(request.name) && request.arguments&.size == 1
        return unless Peek.class_of(value.object).equal?(Array) && count.is_a?(Integer) && !count.negative?

        @made[[@position, Peek.id(value.object), count]] ||=
          Values::Known.new(Peek.public_send(request.name, value.object, count), value.label)
      end

      # @return [Array<Object>, nil] what a block is called with that goes over an Array or a Hash
      def iterated(value, method)
        return unless value.is_a?(Values::Known) && OWNERS.include?(method.owner) && ITERATORS.include?(method.name)

        object = value.object
        if Peek.class_of(object).equal?(Array) then few(object)
        elsif Peek.class_of(object).equal?(Hash) && !SPREADING.include?(method.name) then few(Peek.pairs(object))
        end
      end

      # Of many, nothing is known.
      def few(objects) = objects.size > Values::Union::LIMIT ? nil : [*objects]
    end
  end
end
