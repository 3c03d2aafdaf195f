# frozen_string_literal: true

require "fileutils"
require "rubygems"
require "rubygems/installer"

# Our gem folder.
class GemHome
  # @param path [String]
  def initialize(path)
    @path = path
  end

  # Writes a gem's specification and its commands. Its files are in place already.
  #
  # @param spec [Gem::Specification]
  # @return [void]
  def register(spec)
    FileUtils.mkdir_p(File.join(@path, "specifications"))
    # The files are ready to use: nothing is left to compile.
    spec.extensions = []
    file = File.join(@path, "specifications", "#{spec.full_name}.gemspec")
    File.write(file, spec.to_ruby)
    installed = Gem::Specification.load(file)
    options = { install_dir: @path, bin_dir: File.join(@path, "bin"), force: true, wrappers: true }
    Gem::Installer.for_spec(installed, options).generate_bin
  end

  # Installs a gem of Ruby files only.
  #
  # @param spec [Gem::Specification]
  # @param libraries [Array<String>] files and folders for `require`
  # @return [void]
  def copy(spec, libraries)
    target = File.join(@path, "gems", spec.full_name)
    FileUtils.rm_rf(target)
    FileUtils.mkdir_p(File.join(target, "lib"))
    FileUtils.cp_r(libraries, File.join(target, "lib"))
    spec.executables = []
    register(spec)
  end

  # @param gemfile [String]
  # @return [Array<String>] gems that the Gemfile or an installed gem needs, in a version that is not installed
  def missing(gemfile)
    (required_by(gemfile) + installed.flat_map(&:runtime_dependencies))
      .select { |dependency| dependency.matching_specs.empty? }
      .map(&:name).uniq.sort
  end

  # @param source [String] an unpacked source
  # @param gemspec [String, nil] its specification
  # @return [void]
  def compile(source, gemspec = Dir[File.join(source, "*.gemspec")].first)
    spec = gemspec && Dir.chdir(source) { Gem::Specification.load(File.expand_path(gemspec)) }
    spec or abort "#{source} has no gemspec"
    target = File.join(@path, "gems", spec.full_name)
    FileUtils.rm_rf(target)
    FileUtils.mkdir_p(File.dirname(target))
    FileUtils.cp_r(source, target)
    spec.extensions.each { |extconf| make(File.join(target, File.dirname(extconf)), File.join(target, "lib")) }
    register(spec)
  end

  private

  # @return [Array<Gem::Dependency>] those of the Gemfile, and of the gem that it is for instead of that gem itself
  def required_by(gemfile)
    require "bundler"
    dsl = Bundler::Dsl.new
    dsl.eval_gemfile(gemfile)
    dsl.dependencies.reject { |dependency| dsl.gemspecs.map(&:name).include?(dependency.name) } +
      dsl.gemspecs.flat_map(&:runtime_dependencies)
  end

  def installed
    Dir[File.join(@path, "specifications/*.gemspec")].map { |file| Gem::Specification.load(file) }
  end

  def make(folder, lib)
    Dir.chdir(folder) do
      run(Gem.ruby, "extconf.rb")
      run("make", "-j2")
      run("make", "install", "sitearchdir=#{lib}", "sitelibdir=#{lib}", "RUBYARCHDIR=#{lib}$(target_prefix)")
    end
  end

  def run(*command)
    system(*command) or abort "#{command.join(" ")} failed"
  end
end
