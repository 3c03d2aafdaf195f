# frozen_string_literal: true

module Kino
  # Formats statistics on one line, for reading and for `grep`.
  #
  # @api private
  module StatsLine
    class << self
      # @param stats [Hash{Symbol => Object}] may be nested
      # @return [String] such as "served=12 queue_wait_ms.p50=0.200 per_worker.0.busy_ms=-"
      def of(stats)
        flatten(stats).map { |name, value| "#{name}=#{show(value)}" }.join(" ")
      end

      private

      def flatten(value, name = nil)
        children = case value
                   when Hash then value
                   when Array then value.each_with_index.map { |child, index| [index, child] }
                   else return [[name, value]]
                   end
        children.flat_map { |key, child| flatten(child, [name, key].compact.join(".")) }
      end

      def show(value)
        case value
        when nil then "-"
        when Float then format("%.3f", value)
        else value
        end
      end
    end
  end
end
