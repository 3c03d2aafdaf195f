# frozen_string_literal: true

require "kino/config/directives"

module Kino
  # What the front-end is told at its start.
  #
  # @api private
  module NativeSettings
    # What it is told as it is, by the names of the directives; and the host.
    NAMES = [:host, *Config::Directives::ALL.select(&:native).map(&:name)].freeze
    private_constant :NAMES

    # @param settings [Config::Settings]
    # @param mode [Symbol] :ractor or :threaded
    # @param inherited [Integer, nil] a descriptor that is listened on already
    # @return [Hash{Symbol=>Object}] what {Native} takes
    def self.of(settings, mode:, inherited:)
      shards = dispatch(settings, mode) == :driven ? settings.workers : 0
      # One of malloc's arenas for each thread that runs Ruby at the same time, and one for all others.
      arenas = mode == :ractor ? settings.workers + 1 : 2
      NAMES.to_h { |name| [name, settings.public_send(name)] }.merge(shards:, arenas:, inherited:)
    end

    # Plain threads share one lock: who holds it should run Ruby and leave the network to others.
    def self.dispatch(settings, mode)
      return settings.dispatch unless settings.dispatch == :auto
      return :queue if settings.lanes

      mode == :ractor ? :driven : :queue
    end
    private_class_method :dispatch
  end
end
