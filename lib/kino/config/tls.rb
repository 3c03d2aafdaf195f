# frozen_string_literal: true

module Kino
  module Config
    # The values of the directive `tls`, and of addresses with ssl://. In their one form they are a Hash:
    #
    # - `certificates`: an Array of Hashes with `cert` and `key`, each a path or a text in PEM
    # - `verify`: :none, :optional or :required
    # - `ca`: a path or a text in PEM, or nil
    module Tls
      # Whether clients have to show a certificate.
      VERIFY = %i[none optional required].freeze
      # The options, in the order in which they are shown.
      OPTIONS = %i[cert key verify ca].freeze
      # The beginning of a text in PEM (RFC 7468).
      PEM = "-----BEGIN "

      class << self
        # @param parts [Array<Hash{Symbol => Object}>] with some of {OPTIONS} each
        # @yieldparam why [String] what is wrong; the block must not return
        # @return [Hash{Symbol => Object}] the one form, frozen and shareable
        def combine(parts, &)
          parts = parts.map { |part| check(part, &) }
          verify = one(parts, :verify, &) || :none
          ca = one(parts, :ca, &)
          yield "verify #{verify} needs a ca" unless verify == :none || ca
          Ractor.make_shareable({ certificates: pairs(parts, &), verify:, ca: })
        end

        # @param value [String] a path or a text in PEM
        # @return [Boolean]
        def inline?(value) = value.start_with?(PEM)

        # @param text [String] for a message
        # @return [String] the same without what may be a private key
        def redact(text) = text.gsub(/#{PEM}(?:.*?-----END[^-]*-----|.*)/mo, "(PEM)")

        private

        def pairs(parts)
          pairs = parts.map { |part| part.slice(:cert, :key) }.reject(&:empty?)
          half = pairs.find { |pair| pair.size == 1 }&.keys&.first
          yield "#{half} needs its #{{ cert: :key, key: :cert }[half]}" if half
          yield "there is no cert" if pairs.empty?
          pairs
        end

        def check(part, &)
          part.to_h do |name, value|
            yield "there is no option #{name}, but #{OPTIONS.join(", ")}" unless OPTIONS.include?(name)
            [name, name == :verify ? verify(value, &) : source(name, value, &)]
          end
        end

        def verify(value)
          word = value.to_s.to_sym
          VERIFY.include?(word) ? word : yield("verify cannot be #{value.inspect}, but #{VERIFY.join(", ")}")
        end

        def source(name, value)
          text = value.respond_to?(:to_path) ? value.to_path : value
          fits = text.is_a?(String) && !text.empty? && (inline?(text) || !text.b.match?(/[\x00-\x1f\x7f]/n))
          fits ? text.dup : yield("#{name} must be a path or a text in PEM")
        end

        def one(parts, name)
          values = parts.filter_map { |part| part[name] }.uniq
          yield "#{name} is there twice" if values.size > 1
          values.first
        end
      end
    end
  end
end
