# frozen_string_literal: true

require "rubygems"
require_relative "gem_home"

# An unpacked Ruby source, and the gems in it.
class RubySource
  # @param path [String]
  def initialize(path)
    @path = path
  end

  # @param gem [String] a gem that comes with Ruby
  # @param gem_home [String]
  # @return [void]
  def install(gem, gem_home)
    home = GemHome.new(gem_home)
    bundled = find(".bundle/gems/#{gem}-[0-9]*")
    return home.compile(bundled, gemspec_of(bundled) || abort("#{@path} has no gemspec of the gem #{gem}")) if bundled

    gemspec = find("lib{,/*}/#{gem}.gemspec") or abort "#{@path} has no gem #{gem}"
    home.copy(Gem::Specification.load(gemspec), Dir[File.join(@path, "lib/#{gem}{,.rb}")])
  end

  private

  def find(pattern) = Dir[File.join(@path, pattern)].first

  # Not all gems have theirs among their files.
  def gemspec_of(bundled)
    Dir[File.join(bundled, "*.gemspec")].first || find(".bundle/specifications/#{File.basename(bundled)}.gemspec")
  end
end
