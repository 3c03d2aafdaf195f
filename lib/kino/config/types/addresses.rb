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
        def coerce(value, &)
          return yield unless value.is_a?(String) || (value.is_a?(Array) && value.all?(String))

          # Not split if it is a path, which may have spaces.
          texts = Array(value).flat_map { |text| text.start_with?("unix://") ? [text] : text.split(/ +(?!\z)/, -1) }
          return yield if texts.empty?

          refuse_twins(texts, &) || texts.map { |text| text.dup.freeze }.freeze
        end

        # (see Type#several?)
        def several? = true

        # (see Type#expectation)
        def expectation
          "a host name, an IP address, tcp://host:port, unix:///path, fd://number or systemd://name"
        end

        # (see Type#placeholder)
        def placeholder = "ADDRESS"

        # (see Type#show)
        def show(value) = value.join(" ")

        private

        def literal(value) = value.map(&:inspect).join(", ")

        def forms = ["Array[String]"]

        def refuse_twins(texts)
          addresses = texts.map do |text|
            Address.parse(text) { |why| return yield(why) } or return yield
          end
          # Each 0 is another port.
          identities = addresses.reject { |address| address.port&.zero? }.map(&:identity)
          twin = identities.tally.key(2) or return
          yield "#{twin} is there twice"
        end
      end
    end
  end
end
