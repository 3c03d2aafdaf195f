# frozen_string_literal: true

require "kino/config/directives"

module Kino
  # The settings that the front-end gets when it starts.
  #
  # @api private
  module NativeSettings
    # Directives that are passed on unchanged.
    NAMES = Config::Directives::ALL.select(&:native).map(&:name).freeze
    private_constant :NAMES

    # @param settings [Config::Settings]
    # @param mode [Symbol] :ractor or :threaded
    # @param listeners [Array<Hash{Symbol=>Object}>] of {Listeners}
    # @return [Hash{Symbol=>Object}] for `Native.start`
    def self.of(settings, mode:, listeners:)
      shards = dispatch(settings, mode) == :driven ? settings.workers : 0
      # A malloc arena for each thread that runs Ruby at the same time, and one for all other threads.
      arenas = mode == :ractor ? settings.workers + 1 : 2
      NAMES.to_h { |name| [name, settings.public_send(name)] }.merge(shards:, arenas:, listeners:,
                                                                     trusted_proxies: settings.trusted_proxies)
    end

    # Plain threads share one VM lock: the thread that holds it should run Ruby and leave the network to others.
    def self.dispatch(settings, mode)
      return settings.dispatch unless settings.dispatch == :auto
      return :queue if settings.lanes

      mode == :ractor ? :driven : :queue
    end
    private_class_method :dispatch
  end
end
