# frozen_string_literal: true

require "uri"
require "kino/config/tls"

module Kino
  # Directives, and how the values that are given for them become the settings of a server.
  module Config
    Address = Data.define(:scheme, :host, :port, :name, :options)

    # Where to listen: one parsed value of `bind`.
    #
    # @!attribute [r] scheme
    #   @return [Symbol, nil] :tcp, :ssl, :unix, :fd or :systemd; nil for a host alone, which is TCP, too
    # @!attribute [r] host
    #   @return [String, nil] name or IP address, IPv6 without brackets; nil if it is not TCP
    # @!attribute [r] port
    #   @return [Integer, nil] nil if it names no port
    # @!attribute [r] name
    #   @return [String, nil] the path of a Unix domain socket, the number of a file descriptor, or the name of a socket
    #     in systemd's unit; nil for TCP
    # @!attribute [r] options
    #   @return [Hash{Symbol => Object}] `mode` (Integer): permissions of the file of a Unix domain socket; `tls`
    #     (Boolean): whether to speak TLS there; `proxy_protocol` (Boolean); with ssl:// the {Tls::OPTIONS} (Strings)
    class Address
      # Valid TCP ports.
      PORTS = 0..65_535

      NAME = /(?<host>[\w.-]+)/
      IPV6 = /\[(?<host>\h*:[\h:.]*(?:%[\w.-]+)?)\]/
      BARE_IPV6 = /(?<host>\h*:[\h:.]*:[\h:.]*(?:%[\w.-]+)?)/
      QUERY = /(?:\?(?<query>.*))?/
      TCP = %r{(?<scheme>tcp|ssl)://(?:#{NAME}|#{IPV6})(?::(?<port>\d{1,5}))?/?}
      UNIX = %r{(?<scheme>unix)://(?<name>/?[^/?\0][^?\0]*)}
      FD = %r{(?<scheme>fd)://(?<name>\d{1,9})/?}
      SYSTEMD = %r{(?<scheme>systemd)://(?<name>[^/?\0:]+)/?}
      FORMS = /\A(?:#{NAME}|#{IPV6}|#{BARE_IPV6}|(?:#{TCP}|#{UNIX}|#{FD}|#{SYSTEMD})#{QUERY})\z/
      # The options that each scheme knows, with their forms.
      SWITCH = ->(text) { { "on" => true, "off" => false }[text] }
      OPTIONS = {
        tcp: {},
        ssl: Tls::OPTIONS.to_h { |name| [name, ->(text) { text unless Tls.inline?(text) }] }, # not in an address
        unix: { mode: ->(text) { text.to_i(8) if /\A0?[0-7]{3}\z/.match?(text) }, tls: SWITCH },
        fd: { tls: SWITCH },
        systemd: { tls: SWITCH }
      }.transform_values { |known| { **known, proxy_protocol: SWITCH } }.freeze
      private_constant :NAME, :IPV6, :BARE_IPV6, :QUERY, :TCP, :UNIX, :FD, :SYSTEMD, :FORMS, :SWITCH, :OPTIONS

      class << self
        # @param text [String] "127.0.0.1", "localhost", "[::1]", "::1", "tcp://host:port", "unix:///path?mode=0660",
        #   "fd://3" or "systemd://name"
        # @yieldparam why [String] in a text that is one of these, what is wrong with its options
        # @return [Address, nil] nil when the text is none of these
        def parse(text)
          match = FORMS.match(text) or return
          why = catch(:why) { return build(match) }
          yield why if why && block_given?
        end

        # @param texts [Array<String>] that {.parse} accepts
        # @param port [Integer] of the TCP addresses that name none
        # @return [Array<Address>]
        def all(texts, port:)
          texts.map { |text| parse(text) }.map { it.tcp? && it.port.nil? ? it.with(port:) : it }
        end

        # @param text [String] a TCP address that {.parse} accepts
        # @param port [Integer]
        # @return [String] the same with that port; a host alone stays as it is, because it cannot name one
        def with_port(text, port)
          text.sub(%r{\A(\w+://(?:\[[^\]]*\]|[^:/?\[]+))(?::\d+)?}) { "#{Regexp.last_match(1)}:#{port}" }
        end

        # @param host [String] IPv6 without brackets
        # @param port [Integer]
        # @param scheme [String]
        # @return [String] such as "http://[::1]:9292"
        def url(host:, port:, scheme: "http")
          "#{scheme}://#{host.include?(":") ? "[#{host}]" : host}:#{port}"
        end

        private

        # Throws what is wrong.
        def build(match)
          port = match[:port]&.to_i
          throw :why unless port.nil? || PORTS.cover?(port)

          scheme = match[:scheme]&.to_sym
          options = options(scheme, URI.decode_www_form(match[:query].to_s))
          new(scheme:, host: match[:host].freeze, port:, name: match[:name].freeze, options:)
        end

        def options(scheme, pairs)
          repeated, = pairs.map(&:first).tally.find { |_, count| count > 1 }
          throw :why, "its option #{repeated} is there twice" if repeated

          options = pairs.to_h { |name, text| [name.to_sym, option(scheme, name, text)] }
          tls = options.slice(*Tls::OPTIONS)
          Tls.combine([tls]) { |why| throw :why, why } if tls.any?
          options.freeze
        end

        def option(scheme, name, text)
          known = OPTIONS.fetch(scheme, {})
          rule = known[name.to_sym] || throw(:why, unknown(scheme, name, known))
          value = rule.call(text)
          value.nil? ? throw(:why, "its option #{name} cannot be #{text.inspect}") : value
        end

        def unknown(scheme, name, known) = "#{scheme}:// has no option #{name}, but #{known.keys.join(", ")}"
      end

      # @return [Boolean] whether it is a host and a port
      def tcp? = !host.nil?

      # @return [String] says which socket it is, and nothing else; for TCP it needs the port
      def identity
        return Address.url(host:, port:, scheme: "tcp") if tcp?

        "#{scheme}://#{name}"
      end
    end
  end
end
