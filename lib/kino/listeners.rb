# frozen_string_literal: true

require "socket"
require "kino/certificates"
require "kino/config/address"
require "kino/error_log"
require "kino/errors"
require "kino/passed_socket"

module Kino
  # The sockets that a server listens on: those that it has been given, and those that it opens itself.
  #
  # @api private
  class Listeners
    # @!attribute [r] identity
    #   @return [String] see {PassedSocket}
    # @!attribute [r] native
    #   @return [Hash{Symbol => Object}] for {Native}.start
    # @!attribute [r] host
    #   @return [String, nil] as `bind` has it; nil if the socket tells
    # @!attribute [r] speaks
    #   @return [Speaks]
    Listener = Data.define(:identity, :native, :host, :speaks) do
      # @return [Boolean] see {PassedSocket}
      def kept? = native.fetch(:kept)
    end

    # What is spoken there before HTTP.
    #
    # @!attribute [r] certificates
    #   @return [Certificates, nil] nil without TLS
    # @!attribute [r] proxy_protocol
    #   @return [Boolean]
    Speaks = Data.define(:certificates, :proxy_protocol) do
      # @return [Hash{Symbol => Object}] for {Native}.start
      def native = { tls: certificates&.read, proxy_protocol: }
    end
    private_constant :Listener, :Speaks

    # @param settings [Config::Settings]
    # @param given [Array<IO, Integer>] sockets of the caller's, to be used instead of `bind`
    # @param passed [Array<PassedSocket>]
    # @raise [BindError] if there are no sockets of a name that `bind` has, or some that no address names
    def initialize(settings, given: [], passed: [])
      @settings = settings
      @passed = passed
      @default = Speaks.new(certificates: settings.tls && read_from(settings.tls),
                            proxy_protocol: settings.proxy_protocol)
      @all = given.empty? ? choose : given.map { |socket| adopt("#{PassedSocket::NAMED}given", number(socket), @default) }
      refuse_useless_tls
    end

    # @return [Array<Hash{Symbol => Object}>] for {Native}.start
    # @raise [ConfigError] if a certificate or a key cannot be read
    def native = @all.map { |listener| { **listener.native, **listener.speaks.native } }

    # Reads the certificates again. If any cannot be used, the old ones stay, and the log says why.
    #
    # @param id [Integer] of the server
    # @return [void]
    def reload_certificates(id)
      certificates = @all.map { |listener| listener.speaks.certificates }
      Native.replace_tls(id, certificates.map { it&.read }) if certificates.any?
    rescue ConfigError => e
      ErrorLog.line("#{e.message}; the old certificates stay")
    end

    # Closes our own copies of inherited descriptors, once the server has its own: as long as one is open, clients could
    # connect without being accepted.
    # @return [void]
    def close_inherited
      @all.filter_map { |listener| listener.identity[%r{\Afd://(\d+)\z}, 1]&.to_i }.each do |number|
        IO.for_fd(number).close unless @passed.any? { |socket| socket.identity == "fd://#{number}" }
      rescue SystemCallError, ArgumentError
        nil # the app has closed it
      end
    end

    # @param addresses [Array<Array(String, Integer), Array(String), Array()>] of {Native}.addresses
    # @return [Array<String>] such as "http://127.0.0.1:9292" or "unix:///run/kino.sock"
    def urls(addresses)
      @all.zip(addresses).map do |listener, (host, port)|
        scheme = listener.speaks.certificates ? "https" : "http"
        port ? Config::Address.url(host: listener.host || host, port:, scheme:) : "unix://#{host}"
      end
    end

    # @param ios [Array<IO>] duplicates of the sockets, in order
    # @return [Array<PassedSocket>] for another process
    def passed(ios)
      @all.zip(ios).map { |listener, io| PassedSocket.new(identity: listener.identity, io:, kept: listener.kept?) }
    end

    private

    def choose
      named = @passed.select(&:named?)
      addresses = @settings.addresses
      return named.map { |socket| take(socket, @default) } if named.any? && addresses.none? { it.scheme == :systemd }

      addresses.flat_map { |address| address.scheme == :systemd ? by_name(address) : [at(address)] }
               .tap { |all| refuse_unused(named, all) }
    end

    def by_name(address)
      sockets = @passed.select { |socket| socket.identity == address.identity }
      return sockets.map { |socket| take(socket, speaks(address)) } if sockets.any?

      names = @passed.select(&:named?).map(&:identity)
      raise BindError, "no socket for bind #{address.identity}: this process got " \
                       "#{names.any? ? names.join(", ") : "none from a service manager"}"
    end

    def refuse_unused(named, listeners)
      unused = named.map(&:identity).uniq - listeners.map(&:identity)
      return if unused.empty?

      raise BindError, "the service manager has passed #{unused.join(", ")}, which bind does not name"
    end

    def at(address)
      passed = @passed.find { |socket| socket.identity == address.identity }
      return take(passed, speaks(address)).with(host: address.host) if passed
      return adopt(address.identity, address.name.to_i, speaks(address)) if address.scheme == :fd

      new_socket(address)
    end

    def new_socket(address)
      place = address.tcp? ? { host: address.host, port: address.port } : { path: address.name, mode: nil }
      native = { descriptor: nil, path: nil, kept: false, **place, **address.options.slice(:mode) }
      Listener.new(identity: address.identity, native:, host: address.host, speaks: speaks(address))
    end

    def speaks(address)
      Speaks.new(certificates: certificates(address),
                 proxy_protocol: address.options.fetch(:proxy_protocol, @default.proxy_protocol))
    end

    def read_from(tls) = Certificates.new(tls, http2: @settings.http2)

    # @return [Certificates, nil]
    def certificates(address)
      own = address.options.slice(*Config::Tls::OPTIONS)
      return read_from(Config::Tls.combine([own])) if own.any?
      return @default.certificates if address.scheme.nil?
      return unless address.scheme == :ssl || address.options[:tls]

      @default.certificates ||
        raise(ConfigError, "tls: there is no certificate for #{address.identity}: give it with the directive tls, or " \
                           "as ssl://host:port?cert=PATH&key=PATH")
    end

    def refuse_useless_tls
      default = @default.certificates
      return if default.nil? || @all.any? { |listener| listener.speaks.certificates.equal?(default) }

      raise ConfigError, "tls is of no use, because no address speaks it: write ssl:// for tcp://, or add ?tls=on " \
                         "to others (#{@all.map(&:identity).join(", ")})"
    end

    def take(passed, speaks) = adopt(passed.identity, number(passed.io), speaks, kept: passed.kept)

    def adopt(identity, descriptor, speaks, kept: true)
      Listener.new(identity:, native: { descriptor:, path: nil, kept: }, host: nil, speaks:)
    end

    def number(socket) = socket.is_a?(Integer) ? socket : socket.fileno
  end
end
