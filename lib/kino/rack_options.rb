# frozen_string_literal: true

require "kino/config/layers"
require "kino/config/nearest"

module Kino
  # The options that rackup, Rails and Capybara pass to a server: directives by name, addresses by Rack's names, and
  # many that are not for the server.
  #
  # @api private
  class RackOptions
    # Rack's names for our directives.
    RENAMED = { Host: :bind, Port: :port }.freeze

    # Options that are passed although they are not for the server. Any other that is not a directive is a mistake, and
    # is refused: an option that is silently dropped is only noticed in production.
    FOREIGN = {
      "rackup" => %i[app builder server config daemonize pid debug warn include require quiet
                     heapfile profile_file profile_mode],
      "WEBrick, from rackup and Rails" => %i[AccessLog DoNotReverseLookup],
      "Rails" => %i[user_supplied_options log_stdout caching restart_cmd],
      "Puma, from the set-up of tests" => %i[Silent]
    }.values.flatten.freeze

    # Those of {FOREIGN} that silence the banner.
    QUIET = %i[quiet Silent].freeze

    # The accepted directives. The app is given already, so there is no rackup file to name.
    DIRECTIVES = Config::Directives::ALL.reject { |directive| directive.name == :rackup }.freeze

    # @return [Hash{String => String}] for `rackup -s kino -h`: option and value, and a summary; without options that
    #   only Ruby can express
    def self.help
      host, port = RENAMED.values.map { |name| Config::Directives[name] }
      names = { "Host=HOST" => host.summary, "Port=PORT" => port.summary }
      DIRECTIVES.select(&:flag).to_h do |directive|
        type = directive.type
        ["#{directive.name}=#{type.placeholder}", "#{directive.summary} (default: #{type.show(directive.default)})"]
      end.merge(names)
    end

    # @param options [Hash{Symbol => Object}] of a handler's `run`
    # @param layers [Config::Layers] other layers of settings: they override a Host and Port that are only defaults
    def initialize(options, layers: Config::Layers.new(path: nil, layers: []))
      @options = options
      @layers = layers
    end

    # @return [Config::Settings]
    # @raise [ConfigError] for an unknown option or an invalid value
    def settings = complete.settings

    # @return [Hash{Symbol => Object}] the settings for {Server#initialize}. YJIT is left to the program that starts the
    #   server, because Rails decides about it, too, unless it is set
    # @raise [ConfigError] see {#settings}
    def keywords = complete[:yjit] ? settings.to_h : settings.to_h.except(:yjit)

    # @return [Boolean] whether to print errors only
    def quiet? = QUIET.any? { |name| @options[name] }

    private

    def complete = @complete ||= layers

    def layers
      refuse_rackup if @options.key?(:rackup)
      refuse_unknown
      asked, defaults = addresses.partition { |name, _value| asked?(name) }
      # A bind or a port by its own name was set explicitly; Host and Port may be rackup's defaults.
      @layers.over(given(defaults)).with(given(asked)).with(given(others))
    end

    def addresses = @options.slice(*RENAMED.keys).compact

    # Rails passes nil for early_hints unless the user has given --early-hints.
    def others
      @options.except(*RENAMED.keys, *FOREIGN).reject { |name, value| name == :early_hints && value.nil? }
    end

    # Rails tells which options are the user's and which are defaults. Others do not.
    def asked?(name) = (@options[:user_supplied_options] || RENAMED.keys).include?(name)

    def given(pairs)
      pairs.to_h do |name, value|
        [RENAMED.fetch(name, name), Config::Given.new(value:, source: "the Rack option #{name}")]
      end
    end

    def refuse_rackup
      raise ConfigError, "rackup is no option here, for the app is loaded already"
    end

    def refuse_unknown
      names = [*DIRECTIVES.map(&:name), *RENAMED.keys]
      stranger = (@options.keys - names - FOREIGN).first or return
      raise ConfigError, "unknown option: #{stranger}#{Config::Nearest.hint(stranger, names)}; there are " \
                         "#{names[..-2].join(", ")} and #{names.last}"
    end
  end
end
