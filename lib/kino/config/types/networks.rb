# frozen_string_literal: true

require "ipaddr"
require "kino/config/types/type"

module Kino
  module Config
    module Types
      # A list of IP networks, and "unix" for all clients of Unix domain sockets.
      class Networks < Type
        # The word for clients of Unix domain sockets.
        UNIX = "unix"

        # None is the empty list.
        def initialize = super(words: { "none" => [].freeze })

        # (see Type#coerce)
        def coerce(value)
          return [].freeze if value == []

          texts = Array(value).flat_map { |text| text.is_a?(String) ? text.split(/[ ,]+/) : [text] }
          networks = (texts - @words.keys).map { |text| text == UNIX ? UNIX : network(text) }
          texts.any? && networks.all? ? networks.uniq.freeze : yield
        end

        # (see Type#several?)
        def several? = true

        # (see Type#expectation)
        def expectation = "none, or IP addresses, networks (10.0.0.0/8) and unix"

        # (see Type#placeholder)
        def placeholder = "NETWORK"

        # (see Type#show)
        def show(value) = value.empty? ? "none" : value.join(" ")

        # (see Type#code)
        def code(value) = value.empty? ? '"none"' : value.map(&:inspect).join(", ")

        private

        def forms = ["Array[String]"]

        # In its one form: 10.0.0.1/8 is 10.0.0.0/8.
        def network(text)
          return unless text.is_a?(String)

          ip = IPAddr.new(text)
          ip = ip.native if ip.ipv4_mapped?
          "#{ip}/#{ip.prefix}".freeze
        rescue IPAddr::Error
          nil
        end
      end
    end
  end
end
