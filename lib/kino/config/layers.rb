# frozen_string_literal: true

require "kino/config/environment"
require "kino/config/file"
require "kino/config/settings"

module Kino
  module Config
    # All that a process is told, and by whom: the defaults lie below the file, that below the environment, and flags on
    # top.
    class Layers
      # Where the file is looked for, in the working directory. The first that is there is read.
      FILES = ["kino.rb", "config/kino.rb"].freeze

      # In place of a file's name: read none.
      NO_FILE = "-"

      # @param flags [Hash{Symbol => Given}] of the command line
      # @param env [Hash{String => String}, ENV]
      # @param file [String, nil] path of the file; nil looks for one of {FILES}, "-" reads none
      # @return [Layers]
      # @raise [ConfigError] where the file cannot be read
      def self.load(flags: {}, env: ENV, file: nil)
        # A link that leads nowhere is no reason to run on defaults: it is refused when it is read.
        path = file || FILES.find { |name| ::File.exist?(name) || ::File.symlink?(name) }
        path = nil if path == NO_FILE
        new(path:, layers: [path ? File.read(path) : {}, Environment.read(env), flags])
      end

      # @return [String, nil] the file that was read
      attr_reader :path

      # @param path [String, nil] the file that was read
      # @param layers [Array<Hash{Symbol => Given}>] what was set, the weakest first
      def initialize(path:, layers:)
        @path = path
        @layers = layers
        @given = layers.reduce({}, :merge)
      end

      # @return [Settings]
      # @raise [ConfigError] for a value that does not fit
      def settings = @settings ||= Settings.from_layers(*@layers)

      # @param name [Symbol] of a directive
      # @return [Given, nil] what was set and holds, unless a stronger one makes it void; nil where the default holds
      def [](name) = @given[name]

      # @param values [Hash{Symbol => Given}] set by somebody stronger than all
      # @return [Layers]
      def with(values) = Layers.new(path:, layers: [*@layers, values])

      # @param values [Hash{Symbol => Given}] set by somebody weaker than all
      # @return [Layers]
      def over(values) = Layers.new(path:, layers: [values, *@layers])
    end
  end
end
