# frozen_string_literal: true

require "kino/config/environment"
require "kino/config/file"
require "kino/config/settings"

module Kino
  module Config
    # The layers of settings: flags override the environment, which overrides the file, which overrides the defaults.
    class Layers
      # Settings files in the working directory. The first that exists is read.
      FILES = ["kino.rb", "config/kino.rb"].freeze

      # Instead of a file name: read no file.
      NO_FILE = "-"

      # @param flags [Hash{Symbol => Given}] of the command line
      # @param env [Hash{String => String}, ENV]
      # @param file [String, nil] path of the file; nil looks for one of {FILES}, "-" reads none
      # @return [Layers]
      # @raise [ConfigError] if the file cannot be read
      def self.load(flags: {}, env: ENV, file: nil)
        # A broken symlink must not mean defaults: reading it raises.
        path = file || FILES.find { |name| ::File.exist?(name) || ::File.symlink?(name) }
        path = nil if path == NO_FILE
        new(path:, layers: [path ? File.read(path) : {}, Environment.read(env), flags])
      end

      # @return [String, nil] the file that was read
      attr_reader :path

      # @param path [String, nil] the file that was read
      # @param layers [Array<Hash{Symbol => Given}>] values, the weakest layer first
      def initialize(path:, layers:)
        @path = path
        @layers = layers
        @given = layers.reduce({}, :merge)
      end

      # @return [Settings]
      # @raise [ConfigError] for an invalid value
      def settings = @settings ||= Settings.from_layers(*@layers)

      # @param name [Symbol] of a directive
      # @return [Given, nil] the value that was set, unless another directive overrides it; nil for the default
      def [](name) = @given[name]

      # @param values [Hash{Symbol => Given}] a layer above all others
      # @return [Layers]
      def with(values) = Layers.new(path:, layers: [*@layers, values])

      # @param values [Hash{Symbol => Given}] a layer below all others
      # @return [Layers]
      def over(values) = Layers.new(path:, layers: [values, *@layers])
    end
  end
end
