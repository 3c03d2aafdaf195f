# frozen_string_literal: true

require "kino/config/layers"
require "kino/config/nearest"

module Kino
  # What rackup, Rails and Capybara hand to a server: directives by name, addresses by Rack's names, and much that is
  # their own business.
  #
  # @api private
  class RackOptions
    # The names that Rack has for directives of ours.
    RENAMED = { Host: :bind, Port: :port }.freeze

    # What others pass on although it is not for the server. Whatever is neither here nor a directive is a mistake, and
    # is refused: an option that is silently dropped is found out in production.
    FOREIGN = {
      "rackup" => %i[app builder server config daemonize pid debug warn include require quiet
                     heapfile profile_file profile_mode],
      "WEBrick, from rackup and Rails" => %i[AccessLog DoNotReverseLookup],
      "Rails" => %i[user_supplied_options log_stdout caching restart_cmd early_hints],
      "Puma, from the set-up of tests" => %i[Silent]
    }.values.flatten.freeze

    # Those of {FOREIGN} that ask for silence, which is kept.
    QUIET = %i[quiet Silent].freeze

    # The directives that can be given. The app is there already, so there is no file of it to name.
    DIRECTIVES = Config::Directives::ALL.reject { |directive| directive.name == :rackup }.freeze

    # @return [Hash{String => String}] what is shown for `rackup -s kino -h`: an option and its value, and the words for
    #   it. What only Ruby can say is left out
    def self.help
      host, port = RENAMED.values.map { |name| Config::Directives[name] }
      names = { "Host=HOST" => host.summary, "Port=PORT" => port.summary }
      DIRECTIVES.select(&:flag).to_h do |directive|
        type = directive.type
        ["#{directive.name}=#{type.placeholder}", "#{directive.summary} (default: #{type.show(directive.default)})"]
      end.merge(names)
    end

    # @param options [Hash{Symbol => Object}] as a handler's `run` gets them
    # @param layers [Config::Layers] what else there is: it goes before a Host and a Port that nobody has asked for
    def initialize(options, layers: Config::Layers.new(path: nil, layers: []))
      @options = options
      @layers = layers
    end

    # @return [Config::Settings]
    # @raise [ConfigError] for an option that is unknown or has a value that does not fit
    def settings = complete.settings

    # @return [Hash{Symbol => Object}] the settings for {Server#initialize}. YJIT is left to the program that has
    #   started the server, as Rails decides about it too, unless somebody has named it
    # @raise [ConfigError] see {#settings}
    def keywords = complete[:yjit] ? settings.to_h : settings.to_h.except(:yjit)

    # @return [Boolean] whether nothing but errors is to be written
    def quiet? = QUIET.any? { |name| @options[name] }

    private

    def complete = @complete ||= layers

    def layers
      refuse_rackup if @options.key?(:rackup)
      refuse_unknown
      asked, defaults = addresses.partition { |name, _value| asked?(name) }
      # A bind or a port by its own name was asked for in any case; a Host and a Port come from rackup's defaults, too.
      @layers.over(given(defaults)).with(given(asked)).with(given(others))
    end

    def addresses = @options.slice(*RENAMED.keys).compact

    def others = @options.except(*RENAMED.keys, *FOREIGN)

    # Rails tells what its user has given and what are its defaults. Others do not.
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
