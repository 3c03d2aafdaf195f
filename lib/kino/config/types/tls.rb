# frozen_string_literal: true

require "kino/config/tls"
require "kino/config/types/type"

module Kino
  module Config
    module Types
      # Certificates, keys and the verification of clients, or nil. In Ruby a Hash, or several for several certificates;
      # on a command line "cert=a.crt,key=a.key".
      class Tls < Type
        NONE = { "none" => nil }.freeze
        private_constant :NONE

        # Nil is "none".
        def initialize = super(words: NONE)

        # (see Type#coerce)
        def coerce(value)
          return value if resolved?(value)

          values = value.is_a?(Array) ? value : [value]
          return if !values.empty? && (values - NONE.to_a.flatten).empty?

          parts = values.map { |one| part(one) }
          return yield if parts.empty? || !parts.all?

          Config::Tls.combine(parts) { |why| return yield(why) }
        end

        # (see Type#several?)
        def several? = true

        # (see Type#expectation)
        def expectation = "none, or cert: and key: (cert=PATH,key=PATH on the command line)"

        # (see Type#placeholder)
        def placeholder = "cert=PATH,key=PATH"

        # (see Type#show)
        def show(value)
          return "none" unless value

          parts(value).map { |part| part.map { |name, text| "#{name}=#{shown(text)}" }.join(",") }.join(" ")
        end

        private

        def forms = ["Hash[Symbol, untyped]", "Array[Hash[Symbol, untyped]]"]

        def literal(value) = parts(value).map { |part| "{ #{options(part)} }" }.join(", ")

        def options(part) = part.map { |name, text| "#{name}: #{text.inspect}" }.join(", ")

        def resolved?(value) = value.is_a?(Hash) && value.key?(:certificates) && Ractor.shareable?(value)

        def part(value)
          return value.transform_keys { |name| name.to_s.to_sym } if value.is_a?(Hash)
          return unless value.is_a?(String)

          pairs = value.split(",", -1).map { |pair| pair.split("=", 2) }
          pairs.to_h { |name, text| [name.to_sym, text] } if pairs.any? && pairs.all? { |pair| pair.size == 2 }
        end

        # What it was combined of: the verification goes with the first certificate.
        def parts(value)
          first, *others = value[:certificates]
          verify = value[:verify] unless value[:verify] == :none
          [{ **first, verify:, ca: value[:ca] }.compact, *others]
        end

        def shown(value) = Config::Tls.inline?(value.to_s) ? "(PEM)" : value
      end
    end
  end
end
