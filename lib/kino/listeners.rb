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
    # @param given [IO, Integer, Array<IO, Integer>, nil] see {Server#initialize}
    # @param inherited [Inherited, nil]
    # @return [Listeners]
    # @raise [BindError, ConfigError] see {#initialize}
    def self.of(settings, given, inherited)
      if inherited
        passed = inherited.sockets
        directory = inherited.directory
      end
      new(settings, given: [given].flatten.compact, passed: passed || [], directory:)
    end

    # @param settings [Config::Settings]
    # @param given [Array<IO, Integer>] sockets of the caller's, to be used instead of `bind`
    # @param passed [Array<PassedSocket>]
    # @param directory [String, nil] what relative paths are relative to; nil for the working directory
    # @raise [BindError] if there are no sockets of a name that `bind` has, or some that no address names
    # @raise [ConfigError] if TLS is to be spoken without a certificate, or its certificate is of no use
    def initialize(settings, given: [], passed: [], directory: nil)
      @settings = settings
      @passed = passed
      @left = passed.dup
      @directory = directory
      @default = Speaks.new(certificates: settings.tls && read_from(settings.tls),
                            proxy_protocol: settings.proxy_protocol)
      @all = given.empty? ? choose : given.map { |socket| adopt("#{PassedSocket::NAMED}given", number(socket), @default) }
      refuse_useless_tls
    end

    # Has processes that the app starts not inherit the descriptors of fd://, as those of a service manager.
    #
    # @param settings [Config::Settings]
    # @return [void]
    def self.hide(settings)
      settings.addresses.select { it.scheme == :fd }.each do |address|
        IO.for_fd(address.name.to_i, autoclose: false).close_on_exec = true
      rescue SystemCallError, ArgumentError
        nil # the start says so
      end
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
    rescue Error
      nil # the server has stopped meanwhile
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

    # @param addresses [Array<Array(String, Integer), Array(String), Array()>] of {Native}.addresses; none before the
    #   start
    # @return [Array<String>] such as "http://127.0.0.1:9292" or "unix:///run/kino.sock"; the identity of a socket that
    #   has no address of its own
    def urls(addresses = [])
      @all.zip(addresses).map do |listener, (host, port)|
        host ||= listener.native[:host]
        port ||= listener.native[:port]
        scheme = listener.speaks.certificates ? "https" : "http"
        next Config::Address.url(host: listener.host || host, port:, scheme:) if port

        host ? "unix://#{host}" : listener.identity
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
      return in_place_of(addresses, named) if named.any? && addresses.none? { it.scheme == :systemd }

      addresses.flat_map { |address| address.scheme == :systemd ? by_name(address) : [at(address)] }
               .tap { |all| refuse_unused(named, all) }
    end

    def in_place_of(addresses, named)
      encrypted = addresses.find { it.scheme == :ssl }
      return named.map { |socket| take(socket, @default) } unless encrypted

      raise ConfigError, "bind #{encrypted.identity.sub("tcp", "ssl")} is not used, because the service manager has " \
                         "passed #{named.map(&:identity).join(", ")}: name these in bind, with ?tls=on"
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
      # Each once: several may have been opened for port 0.
      index = @left.index { |socket| socket.identity == identity(address) }
      return take(@left.delete_at(index), speaks(address)).with(host: address.host) if index
      return adopt(address.identity, address.name.to_i, speaks(address)) if address.scheme == :fd

      new_socket(address)
    end

    def new_socket(address)
      place = address.tcp? ? { host: address.host, port: address.port } : { path: path(address), mode: nil }
      native = { descriptor: nil, path: nil, kept: false, **place, **address.options.slice(:mode) }
      Listener.new(identity: identity(address), native:, host: address.host, speaks: speaks(address))
    end

    def path(address) = File.absolute_path(address.name, @directory)

    # With the real directory, which a hot restart may reach by another name (the release of a deployment).
    def identity(address)
      return address.identity unless address.scheme == :unix

      path = path(address)
      "unix://#{File.join(File.realpath(File.dirname(path)), File.basename(path))}"
    rescue SystemCallError
      "unix://#{path}"
    end

    def speaks(address)
      Speaks.new(certificates: certificates(address),
                 proxy_protocol: address.options.fetch(:proxy_protocol, @default.proxy_protocol))
    end

    def read_from(tls) = Certificates.new(tls, http2: @settings.http2, directory: @directory)

    # @return [Certificates, nil]
    def certificates(address)
      own = address.options.slice(*Config::Tls::OPTIONS)
      return read_from(Config::Tls.combine([own])) if own.any?
      return @default.certificates if address.scheme.nil?
      return unless address.scheme == :ssl || address.options[:tls]

      @default.certificates ||
        raise(ConfigError, "tls: there is no certificate for #{address.identity.sub("tcp", "ssl")}: give it with the " \
                           "directive tls, or as ssl://host:port?cert=PATH&key=PATH")
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
