# frozen_string_literal: true

require "socket"
require "kino/config/address"
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
    Listener = Data.define(:identity, :native, :host) do
      # @return [Boolean] see {PassedSocket}
      def kept? = native.fetch(:kept)
    end
    private_constant :Listener

    # @param settings [Config::Settings]
    # @param given [Array<IO, Integer>] sockets of the caller's, to be used instead of `bind`
    # @param passed [Array<PassedSocket>]
    # @raise [BindError] if there are no sockets of a name that `bind` has, or some that no address names
    def initialize(settings, given: [], passed: [])
      @settings = settings
      @passed = passed
      @all = given.empty? ? choose : given.map { |socket| adopt("#{PassedSocket::NAMED}given", number(socket)) }
    end

    # @return [Array<Hash{Symbol => Object}>] for {Native}.start
    def native = @all.map(&:native)

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
        port ? Config::Address.url(host: listener.host || host, port:) : "unix://#{host}"
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
      return named.map { |socket| take(socket) } if named.any? && addresses.none? { it.scheme == :systemd }

      addresses.flat_map { |address| address.scheme == :systemd ? by_name(address) : [at(address)] }
               .tap { |all| refuse_unused(named, all) }
    end

    def by_name(address)
      sockets = @passed.select { |socket| socket.identity == address.identity }
      return sockets.map { |socket| take(socket) } if sockets.any?

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
      return take(passed).with(host: address.host) if passed
      return adopt(address.identity, address.name.to_i) if address.scheme == :fd

      new_socket(address)
    end

    def new_socket(address)
      place = address.tcp? ? { host: address.host, port: address.port } : { path: address.name, mode: nil }
      native = { descriptor: nil, path: nil, kept: false, **place, **address.options }
      Listener.new(identity: address.identity, native:, host: address.host)
    end

    def take(passed) = adopt(passed.identity, number(passed.io), kept: passed.kept)

    def adopt(identity, descriptor, kept: true)
      Listener.new(identity:, native: { descriptor:, path: nil, kept: }, host: nil)
    end

    def number(socket) = socket.is_a?(Integer) ? socket : socket.fileno
  end
end
