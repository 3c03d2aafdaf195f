# frozen_string_literal: true

require "fileutils"
require "kino/config/layers"
require "kino/config/sample"

module Kino
  class CLI
    # `kino --init`: writes a file of settings in which every directive is explained.
    class Init
      # @param out [IO] is told what was written
      def initialize(out:)
        @out = out
      end

      # @param config [String] where to
      # @param force [Boolean] whether a file that is there may be replaced
      # @return [void]
      # @raise [ConfigError] where there is a file already, or it cannot be written
      def call(config: Config::Layers::FILES.first, force: false)
        raise ConfigError, "--init needs a file to write, got -" if config == Config::Layers::NO_FILE

        refuse(config) unless force
        text = Config::Sample.text
        write(config, text, force)
        @out.puts "wrote #{config}"
      end

      private

      # Another that would be read is no less in the way: the one of them would hide the other.
      def refuse(path)
        found = Config::Layers::FILES
        there = [path, *(found.include?(path) ? found : [])].find { |name| File.exist?(name) } or return
        remedy = there == path ? "replaces it" : "writes #{path} beside it"
        raise ConfigError, "#{there} is there already: --force #{remedy}"
      end

      # Whole or not at all, and never through a link that somebody has put there meanwhile.
      def write(path, text, force)
        FileUtils.mkdir_p(File.dirname(path))
        File.write(path, text, mode: force ? "w" : "wx", perm: 0o644)
      rescue SystemCallError => e
        raise ConfigError, "cannot write #{path}: #{e.class.new.message}"
      end
    end
  end
end
