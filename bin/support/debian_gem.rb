# frozen_string_literal: true

require "fileutils"
require "rubygems"
require_relative "gem_home"

# The gem of a Debian package: moves its files from where Debian puts them to where RubyGems expects them.
class DebianGem
  # @param spec_file [String] a specification inside an unpacked package
  # @param package [String] the folder that the package was unpacked to
  def initialize(spec_file, package)
    @spec_file = spec_file
    @package = package
    @spec = Gem::Specification.load(spec_file) or abort "#{spec_file} is not a gem specification"
  end

  # @param gem_home [String]
  # @return [void]
  def install(gem_home)
    target = File.join(gem_home, "gems", @spec.full_name)
    FileUtils.rm_rf(target)
    FileUtils.mkdir_p(target)
    copy_code(target)
    copy_executables(target)
    GemHome.new(gem_home).register(@spec)
  end

  private

  # The code is in a gem folder, or, for packages of the older kind, among the system Ruby's libraries.
  def copy_code(target)
    gem_folder = File.expand_path("../gems/#{@spec.full_name}", File.dirname(@spec_file))
    libraries = File.join(@package, "usr/lib/ruby/vendor_ruby")
    if Dir.exist?(gem_folder)
      FileUtils.cp_r("#{gem_folder}/.", target)
    elsif Dir.exist?(libraries)
      FileUtils.cp_r(libraries, File.join(target, "lib"))
    else
      abort "#{@package}: no code of #{@spec.full_name}"
    end
  end

  def copy_executables(target)
    @spec.executables = @spec.executables.select do |name|
      in_gem = File.join(target, @spec.bindir, name)
      in_system = File.join(@package, "usr/bin", name)
      if !File.exist?(in_gem) && File.exist?(in_system)
        FileUtils.mkdir_p(File.dirname(in_gem))
        FileUtils.cp(in_system, in_gem)
      end
      File.exist?(in_gem)
    end
  end
end
