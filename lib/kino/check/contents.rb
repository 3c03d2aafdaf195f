# frozen_string_literal: true

require "kino/check/captures"
require "kino/check/heap"
require "kino/check/masking"
require "kino/peek"
require "kino/ruby"

module Kino
  module Check
    # What an object holds besides its instance variables. Asked with Ruby's own methods, for a subclass may have others
    # by these names.
    #
    # @api private
    module Contents
      WAYS = { Array => :of_array, Hash => :of_hash, Struct => :of_struct, Data => :of_data, Range => :of_range,
               Proc => :of_proc, Method => :of_method,
               # Before Ruby 4.0 a Set is written in Ruby, and has its elements in an instance variable.
               **(Ruby.four? ? { Set => :of_set } : {}) }.freeze
      private_constant :WAYS

      class << self
        # @param object [Object]
        # @return [Array<Array(String, Object)>] how each is reached from the object, and what it is
        def of(object)
          _type, way = WAYS.find { |type, _way| type === object } # rubocop:disable Style/CaseEquality
          way ? send(way, object) : hidden(object)
        end

        private

        def of_array(object) = [*object].each_with_index.map { |value, index| ["[#{index}]", value] }
        def of_set(object) = Peek.members(object).map { |value| ["{element #{Peek.describe(value)}}", value] }
        def of_range(object) = [[".begin", Peek.begin(object)], [".end", Peek.end(object)]]
        def of_struct(object) = Peek.struct_to_h(object).map { |name, value| [".#{name}", value] }
        def of_data(object) = Peek.data_to_h(object).map { |name, value| [".#{name}", value] }
        def of_method(object) = [[".receiver", Peek.receiver(object)]]

        # A Proc of a rackup file has its builder for self, which is of no use to it.
        def of_proc(object)
          Captures.of(object).reject { |_name, value| Peek.name_of(Peek.class_of(value)) == "Rack::Builder" }
                  .map { |name, value| ["{#{name}}", value] }
        end

        def of_hash(object)
          entries = Peek.pairs(object).flat_map do |key, value|
            name = [String, Symbol].include?(Peek.class_of(key)) ? Masking.show(key) : Peek.describe(key)
            [["{key #{name}}", key], ["[#{name}]", value]]
          end
          procedure = Peek.default_proc(object)
          entries << (procedure ? [".default_proc", procedure] : [".default", Peek.default(object)])
        end

        # As the garbage collector sees it: what an extension's object keeps, say. Of one that is
        # not frozen, that is said.
        def hidden(object)
          return [] unless Peek.frozen?(object)

          Heap.objects(object).reject { Ractor.shareable?(it) }
              .map { |value| ["{#{Peek.describe(value)}}", value] }
        end
      end
    end
  end
end
