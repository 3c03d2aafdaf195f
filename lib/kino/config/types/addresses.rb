# frozen_string_literal: true

require "kino/config/address"
require "kino/config/types/type"

module Kino
  module Config
    module Types
      # A list of addresses that {Address.parse} accepts. On a command line and in the environment they may be separated
      # by spaces, and the flag may be repeated.
      class Addresses < Type
        # (see Type#coerce)
        def coerce(value)
          texts = Array(value).flat_map { |text| text.is_a?(String) ? split(text) : [text] }
          return yield if texts.empty? || !texts.all?(String)

          texts.all? { |text| right?(text) { |why| return yield(why) } } ? texts.map { it.dup.freeze }.freeze : yield
        end

        # (see Type#several?)
        def several? = true

        # (see Type#expectation)
        def expectation
          "a host name, an IP address, tcp://host:port, ssl://host:port, unix:///path, fd://number or systemd://name"
        end

        # (see Type#placeholder)
        def placeholder = "ADDRESS"

        # (see Type#show)
        def show(value) = value.join(" ")

        private

        def literal(value) = value.map(&:inspect).join(", ")

        def forms = ["Array[String]"]

        # Not if it is a path, which may have spaces.
        def split(text) = text.start_with?("unix://") ? [text] : text.split(/ +(?!\z)/, -1)

        def right?(text, &) = !Address.parse(text, &).nil?
      end
    end
  end
end
