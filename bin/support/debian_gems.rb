# frozen_string_literal: true

# Turns unpacked Debian packages into a gem folder that RubyGems and Bundler can use.
#
#   debian_gems.rb install UNPACKED GEM_HOME   one folder per unpacked package in UNPACKED
#   debian_gems.rb missing GEM_HOME GEMFILE    prints the gems that the Gemfile or an installed gem needs, and that
#                                              are not installed
#   debian_gems.rb compile SOURCE GEM_HOME     builds the gem whose source is in the folder SOURCE
#   debian_gems.rb extract GEM RUBY GEM_HOME   the same with a gem that comes with Ruby, whose source is in RUBY

require_relative "debian_gem"
require_relative "gem_home"
require_relative "ruby_source"

case ARGV
in ["install", unpacked, gem_home]
  Dir[File.join(unpacked, "*")].each do |package|
    specs = Dir[File.join(package, "usr/{share,lib/*}/rubygems-integration/*/specifications/*.gemspec")]
    specs.each { |spec_file| DebianGem.new(spec_file, package).install(gem_home) }
  end
in ["missing", gem_home, gemfile] then puts GemHome.new(gem_home).missing(gemfile)
in ["compile", source, gem_home] then GemHome.new(gem_home).compile(source)
in ["extract", gem, ruby, gem_home] then RubySource.new(ruby).install(gem, gem_home)
end
