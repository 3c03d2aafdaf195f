# frozen_string_literal: true

require "fileutils"
require "prism"
require "kino/config/layers"
require "kino/config/puma_file"
require "kino/config/sample"

module Kino
  class CLI
    # `kino --init`: writes a file of settings in which every directive is explained.
    class Init
      # @param out [IO] for a message about what was written
      def initialize(out:)
        @out = out
      end

      # @param config [String] where to
      # @param force [Boolean] whether an existing file may be replaced
      # @param from [String, nil] a configuration file of Puma, whose settings are translated as far as possible
      # @return [void]
      # @raise [ConfigError] if the file exists or cannot be written, or Puma's cannot be read
      def call(config: Config::Layers::FILES.first, force: false, from: nil)
        raise ConfigError, "--init needs a file to write, got -" if config == Config::Layers::NO_FILE

        refuse(config) unless force
        translation = from && Config::PumaFile.translate(from)
        write(config, translation ? translated(translation, from) : Config::Sample.text, force)
        @out.puts "wrote #{config}"
        tell(translation, from) if translation
      end

      private

      def translated(translation, from)
        settings = translation.settings.to_h { |setting| [setting.directive, lines(setting, from)] }
        remarks = ["The settings are those of #{from}."] + left(translation, from).map { |line| "- #{line}" }
        check(Config::Sample.text(settings:, remarks:, frozen: frozen?(translation)), from)
      end

      # The code of a hook may modify a String literal.
      def frozen?(translation)
        translation.frozen_literals ||
          translation.settings.all? { |setting| Config::Directives[setting.directive].type.flag? }
      end

      # Code that was moved may not mean the same.
      def check(text, from)
        error = Prism.parse(text).errors.first or return text
        raise ConfigError, "what came of #{from} is no Ruby, and was not written: " \
                           "line #{error.location.start_line}, #{error.message}"
      end

      # What was in which line, and what is different.
      def lines(setting, from)
        origin = "From #{place(from, setting.line)}#{": #{setting.note}" if setting.note}"
        [*Config::Sample.comment("#{origin.delete_suffix(".")}."), "#{setting.directive} #{code(setting)}"]
      end

      def code(setting)
        type = Config::Directives[setting.directive].type
        type.flag? ? type.code(setting.value) : setting.value
      end

      def left(translation, from)
        translation.refused.map do |refused|
          "#{place(from, refused.line)}: #{refused.name} was not taken over: #{refused.reason}"
        end
      end

      def place(from, line) = [from, line].compact.join(":")

      def tell(translation, from)
        @out.puts "took over from #{from}: #{translation.settings.map(&:directive).join(", ")}"
        @out.puts left(translation, from)
      end

      # Another settings file is a conflict, too: one of them would hide the other.
      def refuse(path)
        found = Config::Layers::FILES
        there = [path, *(found.include?(path) ? found : [])].find { |name| File.exist?(name) } or return
        remedy = there == path ? "replaces it" : "writes #{path} beside it"
        raise ConfigError, "#{there} is there already: --force #{remedy}"
      end

      # Never through a symlink.
      def write(path, text, force)
        FileUtils.mkdir_p(File.dirname(path))
        force ? replace(path, text) : create(path, text, 0o644)
      rescue SystemCallError => e
        raise ConfigError, "cannot write #{path}: #{e.class.new.message}"
      end

      # Writes the whole file or nothing.
      def create(path, text, mode)
        File.open(path, "wx", mode) { |file| file.write(text) }
      rescue Errno::EEXIST
        raise
      rescue SystemCallError
        FileUtils.rm_f(path)
        raise
      end

      # A reader gets the old text or the new one. A file keeps its mode, a symlink is replaced.
      def replace(path, text)
        there = File.lstat(path) if File.exist?(path) || File.symlink?(path)
        raise ConfigError, "cannot write #{path}: it is no file" unless replaceable?(there)

        whole = "#{path}.#{Process.pid}.new"
        create(whole, text, there&.file? ? there.mode & 0o777 : 0o644)
        begin
          File.rename(whole, path)
        rescue SystemCallError
          FileUtils.rm_f(whole)
          raise
        end
      end

      # A directory is left to the system, whose error names it.
      def replaceable?(there) = there.nil? || there.file? || there.symlink? || there.directory?
    end
  end
end
