# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/nearest"
require "kino/cpus"

module Kino
  module Config
    # A value somebody set, and the words that say where.
    #
    # @!attribute [r] value
    #   @return [Object] not yet checked
    # @!attribute [r] source
    #   @return [String] such as "--workers"
    Given = Data.define(:value, :source)

    Settings = Data.define(*Directives::NAMES)

    # All settings, checked: one reader for each directive of {Directives}. Frozen, and shareable
    # between Ractors unless a hook is not.
    #
    # `workers` is a number here, `auto` having become the count of usable cores. `threads` and `mode` may still be
    # `:auto`, for they depend on the app: see {Mode}. `port` is the one of `bind` where that names one.
    class Settings
      class << self
        # @param keywords [Hash{Symbol => Object}] values by directive name; the rest are defaults
        # @return [Settings]
        # @raise [ConfigError] for an unknown name, or a value that does not fit
        def resolve(**keywords)
          from_layers(keywords.to_h { |name, value| [name, Given.new(value:, source: "the keyword #{name}:")] })
        end

        # @param layers [Array<Hash{Symbol => Given}>] what was set, the weakest first; the defaults lie below all
        # @return [Settings]
        # @raise [ConfigError] for an unknown name, or a value that does not fit
        def from_layers(*layers)
          given = layers.reduce({}, :merge)
          refuse_unknown(given.keys)
          set = given.to_h { |name, entry| [name, Directives[name].coerce(entry.value, source: entry.source)] }
          new(**complete(set))
        end

        private

        def refuse_unknown(names)
          stranger = names.find { |name| !Directives::BY_NAME.key?(name) } or return
          raise ConfigError, "unknown setting: #{stranger}#{Nearest.hint(stranger, Directives::NAMES)}"
        end

        # Everything that follows from the values together, or from the machine.
        def complete(set)
          values = Directives::BY_NAME.transform_values(&:default).merge(set)
          refuse_driven_lanes(values)
          values.merge(port: effective_port(values, set[:port]),
                       workers: automatic(values, :workers) { Kino.usable_cpus },
                       max_connections: automatic(values, :max_connections) { most_connections })
        end

        def refuse_driven_lanes(values)
          return unless values[:lanes] && values[:dispatch] == :driven

          raise ConfigError, "lanes are of no use with dispatch driven, where the worker that reads a request is " \
                             "awake already: leave dispatch to auto, or give queue"
        end

        def automatic(values, name)
          values[name] == :auto ? yield.clamp(Directives[name].type.range) : values[name]
        end

        # An eighth of the files, and no fewer than 64, are left to the app, its database connections and its logs;
        # where there are few, half of them.
        def most_connections
          files, = Process.getrlimit(:NOFILE)
          [files - [files / 8, 64].max, files / 2].max
        end

        # @param explicit [Integer, nil] the port, if one was set beside `bind`
        def effective_port(values, explicit)
          bound = Address.parse(values[:bind]).port or return values[:port]
          return bound if explicit.nil? || explicit == bound

          raise ConfigError, "bind #{values[:bind]} and port #{explicit} name different ports: give one of them"
        end
      end

      # @return [String] the host name or IP address of `bind`; IPv6 without brackets
      def host = Address.parse(bind).host
    end
  end
end
