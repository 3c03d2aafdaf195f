# frozen_string_literal: true

require "kino/check/values"

module Kino
  module Check
    # What the parameters of a method are in one call of it, as far as the call tells.
    #
    # @api private
    class Parameters
      # @param listing [InstructionList] of a block
      # @param elements [Array, nil] what it is called with, one after the other
      # @return [Parameters]
      def self.of_elements(listing, elements)
        return new(listing) if elements.nil? || elements.empty? || elements.any? { parts?(it) }

        count = lead(listing.params)
        # One of several parameters is an element of the element.
        is_only = listing.params[:ambiguous_param0] || listing.params.empty?
        rows = elements.map { !is_only && Peek.kind?(it, Array) ? [*it] : [it] }
        values = Array.new(count) { |place| Values.several(rows.map { |row| Values::Known.new(row[place]) }) }
        new(listing, positional: values, keywords: {})
      end

      # Whether it is taken for an Array by what its class says.
      def self.parts?(element) = !Peek.kind?(element, Array) && Peek.method_of(element, :to_ary)
      private_class_method :parts?

      # @param params [Hash] of an {InstructionList}
      # @return [Integer] how many come first; Ruby 3.4 does not count `it`
      def self.lead(params) = params.fetch(:lead_num) { params.key?(:ambiguous_param0) ? 1 : 0 }

      # @param listing [InstructionList]
      # @param positional [Array, nil] arguments without keywords; nil where their number is not known
      # @param keywords [Hash{Symbol => Object}, nil] nil where it is not known which are given
      def initialize(listing, positional: nil, keywords: nil)
        @listing = listing
        @params = listing.params
        @keywords = keywords
        @positional = positional
        return if positional.nil? || keywords.nil? || keywords.empty? || takes_keywords?

        @positional = [*positional, Values::UNKNOWN] # they come as a Hash
      end

      # @param other [Parameters] of another call
      # @return [Parameters] for both
      def join(other)
        mine = positional
        its = other.positional
        return self.class.new(@listing) unless mine && mine.size == its&.size

        self.class.new(@listing, positional: mine.zip(its).map { |one, two| Values.join(one, two) })
      end

      # @return [Array<Integer>] where the code may begin: behind the defaults of the parameters that are given
      def entries
        labels = @params[:opt] or return [0]
        positions = labels.map { |label| @listing.position(label) }
        @positional ? [positions[given_optional]] : positions
      end

      # @return [Hash{Integer => Object}] local variables by index
      def locals
        found = positional_locals.merge(keyword_locals).reject { |_index, value| value.equal?(Values::UNKNOWN) }
        found.transform_keys { |place| @listing.index(place) }
      end

      # @param number [Integer] of an optional keyword
      # @return [Boolean, nil] whether it is given; nil where that is not known
      def given?(number)
        name, = optional_keywords[number]
        @keywords&.key?(name) if name
      end

      # @return [Array] by which to tell calls apart
      def token
        [entries, *locals.sort_by(&:first).map { |index, value| [index, Peek.id(value.token)] }, @keywords&.keys]
      end

      protected

      # @return [Array, nil]
      attr_reader :positional

      private

      def takes_keywords? = @params.key?(:keyword) || @params.key?(:kwrest)

      def lead = self.class.lead(@params)
      def post = @params.fetch(:post_num, 0)
      def optional = [@params.fetch(:opt, []).size - 1, 0].max
      def given_optional = (@positional.size - lead - post).clamp(0, optional)

      def positional_locals
        return {} unless @positional && @positional.size >= lead + post

        first = @positional.first(lead + given_optional).each_with_index.to_h { |value, place| [place, value] }
        start = @params[:post_start]
        return first unless start

        first.merge(@positional.last(post).each_with_index.to_h { |value, place| [start + place, value] })
      end

      def optional_keywords = @params.fetch(:keyword, []).grep(Array)

      def keyword_locals
        return {} unless @keywords

        all = @params.fetch(:keyword, [])
        start = @params.fetch(:kwbits, 0) - all.size
        all.each_with_index.to_h { |(name, *default), number| [start + number, keyword(name, default)] }
      end

      def keyword(name, default)
        return @keywords[name] if @keywords.key?(name)

        default.empty? ? Values::UNKNOWN : Values::Known.new(default.first)
      end
    end
  end
end
