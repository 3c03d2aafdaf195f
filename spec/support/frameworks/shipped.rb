# frozen_string_literal: true

require "rack"
require "rack/protection"
require "rack/session"

module Frameworks
  # All middleware that is installed: every Rack class that can be called with an env.
  module Shipped
    # Callable, but not middleware: parts of others, a base class, and Rack::Builder itself.
    PARTS = %w[Rack::Builder Rack::Events::EventedBodyProxy Rack::Lint::Wrapper Rack::Protection::Base
               Rack::Utils::Context].freeze

    class << self
      # @return [Array<String>]
      def names = callable_within(::Rack, []).map(&:name).uniq - PARTS

      private

      def callable_within(owner, seen)
        owner.constants(false).flat_map do |name|
          value = owner.const_get(name)
          next [] if !value.is_a?(Module) || seen.include?(value) || !value.name.start_with?("Rack::")

          seen << value
          [*(value if value.is_a?(Class) && value.method_defined?(:call)), *callable_within(value, seen)]
        end
      end
    end
  end
end
