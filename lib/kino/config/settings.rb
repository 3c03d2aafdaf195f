# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/given"
require "kino/config/nearest"
require "kino/cpus"

module Kino
  module Config
    Settings = Data.define(*Directives::NAMES)

    # All settings, validated: one reader for each of the {Directives}. Frozen, and shareable between Ractors unless a
    # hook is not.
    #
    # `workers` is a number: `auto` has become the number of usable cores. `threads` and `mode` may still be `:auto`,
    # because they depend on the app, see {Mode}. `port` is that of `bind` if all its TCP addresses name one, the first
    # counting. If there is one such address only, a stronger layer that sets `port` overrides it: PORT in the
    # environment overrides a bind in the file.
    class Settings
      class << self
        # @param keywords [Hash{Symbol => Object}] values by directive; others have their defaults
        # @return [Settings]
        # @raise [ConfigError] for an unknown name, or an invalid value
        def resolve(**keywords)
          from_layers(keywords.to_h { |name, value| [name, Given.new(value:, source: "the keyword #{name}:")] })
        end

        # @param layers [Array<Hash{Symbol => Given}>] values, the weakest layer first; below all are the defaults
        # @return [Settings]
        # @raise [ConfigError] for an unknown name, or an invalid value
        def from_layers(*layers)
          given = layers.reduce({}, :merge)
          refuse_unknown(given.keys)
          set = given.to_h { |name, entry| [name, Directives[name].coerce(entry.value, source: entry.source)] }
          ranks = given.keys.to_h { |name| [name, layers.rindex { |layer| layer.key?(name) }] }
          new(**complete(set, ranks, given))
        end

        private

        def refuse_unknown(names)
          stranger = names.find { |name| !Directives::BY_NAME.key?(name) } or return
          raise ConfigError, "unknown setting: #{stranger}#{Nearest.hint(stranger, Directives::NAMES)}"
        end

        # Adds what follows from several values, or from the machine.
        # @param ranks [Hash{Symbol => Integer}] the index of the layer that set it
        # @param given [Hash{Symbol => Given}] what was set, and where
        def complete(set, ranks, given)
          values = Directives::BY_NAME.transform_values(&:default).merge(set)
          refuse_driven_lanes(values, given)
          refuse_two_ports(values, ranks, given)
          values.merge(**place(values, ranks).tap { |placed| refuse_duplicates(given, **placed) },
                       workers: automatic(values, :workers) { Kino.usable_cpus },
                       max_connections: automatic(values, :max_connections) { most_connections })
        end

        def refuse_driven_lanes(values, given)
          return unless values[:lanes] && values[:dispatch] == :driven

          raise ConfigError, "lanes #{from(given, :lanes)} are of no use with dispatch driven " \
                             "#{from(given, :dispatch)}, where the worker that reads a request is awake already: " \
                             "leave dispatch to auto, or give queue"
        end

        # Refused only within one layer: otherwise the stronger wins.
        def refuse_two_ports(values, ranks, given)
          addresses = tcp(values)
          return if ranks[:bind] != ranks[:port] || addresses.empty?
          return if addresses.any? { |address| [nil, values[:port]].include?(address.port) }

          raise ConfigError, "bind #{values[:bind].join(" ")} #{from(given, :bind)} and port #{values[:port]} " \
                             "#{from(given, :port)} name different ports: give one of them"
        end

        # Each 0 is another port.
        def refuse_duplicates(given, bind:, port:)
          identities = Address.all(bind, port:).reject { it.port&.zero? }.map(&:identity)
          twin, = identities.tally.find { |_, count| count > 1 }
          raise ConfigError, "bind names #{twin} twice #{from(given, :bind)}" if twin
        end

        def tcp(values) = values[:bind].map { |text| Address.parse(text) }.select(&:tcp?)

        def from(given, name) = "(from #{given.fetch(name).source})"

        def automatic(values, name)
          values[name] == :auto ? yield.clamp(Directives[name].type.range) : values[name]
        end

        # Leaves an eighth of the files, and at least 64, to the app, its database connections and its logs; half of
        # them if there are few.
        def most_connections
          files, = Process.getrlimit(:NOFILE)
          [files - [files / 8, 64].max, files / 2].max
        end

        # If a stronger layer sets the port, that of the one TCP address does not count.
        # @return [Hash{Symbol => Object}] a bind and a port that agree
        def place(values, ranks)
          bind, port = values.values_at(:bind, :port)
          addresses = tcp(values)
          return { bind:, port: } if addresses.empty? || addresses.any? { [nil, port].include?(it.port) }

          overridden = addresses.one? && ranks.key?(:port) && ranks[:port] > ranks.fetch(:bind)
          return { bind:, port: addresses.first.port } unless overridden

          { bind: bind.map { |text| Address.parse(text).tcp? ? Address.with_port(text, port) : text }.freeze, port: }
        end
      end

      # @return [Array<Address>] those of `bind`; each TCP address has a port
      def addresses = Address.all(bind, port:)

      # @return [String, nil] the host of the first TCP address; IPv6 without brackets
      def host = addresses.find(&:tcp?)&.host
    end
  end
end
