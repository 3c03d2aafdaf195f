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
        # Several certificates on a command line, as {#show} gives them.
        SEVERAL = / +(?=cert=)/
        private_constant :NONE, :SEVERAL

        # Nil is "none".
        def initialize = super(words: NONE)

        # (see Type#coerce)
        def coerce(value)
          return value if resolved?(value)

          values = split(value)
          return if !values.empty? && (values - NONE.to_a.flatten).empty?

          parts = values.map { |one| part(one) }
          parts.any? && parts.all? ? Config::Tls.combine(parts) { |why| return yield(why) } : yield
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

        def split(value)
          list = value.is_a?(Array) ? value : [value]
          list.flat_map { |one| one.is_a?(String) ? one.split(SEVERAL) : [one] }
        end

        def part(value)
          return value.compact.transform_keys { |name| name.to_s.to_sym } if value.is_a?(Hash)

          value.is_a?(String) ? from_text(value) : nil
        end

        def from_text(text)
          pairs = text.split(",", -1).map { |pair| pair.split("=", 2) }
          return if pairs.empty? || pairs.any? { |pair| pair.size != 2 } || pairs.uniq(&:first) != pairs

          pairs.to_h { |name, value| [name.to_sym, value] }
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
