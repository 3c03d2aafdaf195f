# frozen_string_literal: true

require "rubygems"
require_relative "gem_home"

# An unpacked source of Ruby, and the gems in it.
class RubySource
  # @param path [String]
  def initialize(path)
    @path = path
  end

  # @param gem [String] the name of a gem that comes with Ruby
  # @param gem_home [String]
  # @return [void]
  def install(gem, gem_home)
    home = GemHome.new(gem_home)
    bundled = Dir[File.join(@path, ".bundle/gems/#{gem}-[0-9]*")].first
    return home.compile(bundled) if bundled

    gemspec = Dir[File.join(@path, "lib{,/*}/#{gem}.gemspec")].first or abort "#{@path} has no gem #{gem}"
    home.copy(Gem::Specification.load(gemspec), Dir[File.join(@path, "lib/#{gem}{,.rb}")])
  end
end
