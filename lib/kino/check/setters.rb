# frozen_string_literal: true

require "kino/check/listing"
require "kino/check/peek"
require "kino/check/rules"

module Kino
  module Check
    # Which instance variables the methods of a class set once its objects are made: what `initialize` puts there may be
    # something else by the time that it is read.
    #
    # @api private
    class Setters
      # @yieldparam method [UnboundMethod]
      # @yieldreturn [Listing, nil]
      def initialize(&listing)
        @listing = listing
        @names = {}.compare_by_identity
      end

      # @param type [Class]
      # @param name [Symbol] of an instance variable
      # @return [Boolean] whether another method than `initialize` may set it
      def include?(type, name)
        found = Peek.ancestors_of(type).map { |owner| @names[owner] ||= names(owner) }
        found.any? { |names| names.include?(name) || names.include?(:any) }
      end

      private

      def names(owner)
        return [] if Rules.core_name?(Peek.name_of(owner).to_s)

        methods = Peek.own_methods(owner, false) + Peek.own_private_methods(owner, false) - [:initialize]
        methods.flat_map { |name| names_in(Peek.unbound(owner, name)) }.uniq
      end

      # `attr_writer` leaves no code.
      def names_in(method)
        listing = @listing.call(method)
        return listing.ivars_set if listing

        name = method.original_name.name
        method.source_location && name.end_with?("=") ? [:"@#{name.delete_suffix("=")}"] : []
      end
    end
  end
end
