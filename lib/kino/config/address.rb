# frozen_string_literal: true

module Kino
  # Directives, and how the values that are given for them become the settings of a server.
  module Config
    Address = Data.define(:host, :port)

    # Where to listen: the parsed form of `bind`.
    #
    # @!attribute [r] host
    #   @return [String] name or IP address, IPv6 without brackets
    # @!attribute [r] port
    #   @return [Integer, nil] nil if `bind` names no port
    class Address
      # Valid TCP ports.
      PORTS = 0..65_535

      NAME = /(?<host>[\w.-]+)/
      IPV6 = /\[(?<host>\h*:[\h:.]*(?:%[\w.-]+)?)\]/
      BARE_IPV6 = /(?<host>\h*:[\h:.]*:[\h:.]*(?:%[\w.-]+)?)/
      URL = %r{tcp://(?:#{NAME}|#{IPV6})(?::(?<port>\d{1,5}))?/?}
      FORMS = /\A(?:#{URL}|#{NAME}|#{IPV6}|#{BARE_IPV6})\z/
      private_constant :NAME, :IPV6, :BARE_IPV6, :URL, :FORMS

      # @param text [String] "127.0.0.1", "localhost", "[::1]", "::1" or "tcp://host:port"
      # @return [Address, nil] nil when the text is none of these
      def self.parse(text)
        match = FORMS.match(text) or return
        port = match[:port]&.to_i
        new(host: match[:host].freeze, port:) if port.nil? || PORTS.cover?(port)
      end

      # @param socket [Socket] a listening socket, which is closed
      # @return [String] the IP address
      def self.host_of(socket)
        socket.local_address.ip_address
      ensure
        socket.close
      end

      # @param host [String] IPv6 without brackets
      # @param port [Integer]
      # @param scheme [String]
      # @return [String] such as "http://[::1]:9292"
      def self.url(host:, port:, scheme: "http")
        "#{scheme}://#{host.include?(":") ? "[#{host}]" : host}:#{port}"
      end
    end
  end
end
