# frozen_string_literal: true

require "kino/config/address"
require "kino/config/types/type"

module Kino
  module Config
    module Types
      # An address that {Address.parse} accepts.
      class Bind < Type
        # (see Type#coerce)
        def coerce(value) = value.is_a?(String) && Address.parse(value) ? String.new(value).freeze : yield

        # (see Type#expectation)
        def expectation = "a host name, an IP address or tcp://host:port"

        # (see Type#placeholder)
        def placeholder = "ADDRESS"
      end
    end
  end
end
