# frozen_string_literal: true

require "rubygems/package"

namespace :package do
  desc "Build the gem into pkg/"
  task :build do
    mkdir_p "pkg"
    sh Gem.ruby, "-S", "gem", "build", "--output", "pkg/kino.gem", "kino.gemspec"
  end

  desc "Check that the gem holds all that it is compiled and run from"
  task files: :build do
    packed = Gem::Package.new("pkg/kino.gem").contents
    wanted = FileList["lib/**/*.rb", "exe/*", "ext/**/*.{rs,toml,rb}", "crates/**/{Cargo.toml,*.rs}",
                      "Cargo.{toml,lock}", "LICENSE", "README.md", "CHANGELOG.md"]
    missing = wanted.to_a - packed
    abort "Missing in the gem: #{missing.join(", ")}" unless missing.empty?
  end

  desc "Install the gem into an empty folder, which compiles it, and load it (takes a minute)"
  task install: :build do
    home = File.expand_path("tmp/gem-install")
    rm_rf home, verbose: false
    link_dependencies(Gem::Specification.load("kino.gemspec"), home)
    Bundler.with_unbundled_env do
      env = { "GEM_HOME" => home, "GEM_PATH" => nil }
      sh env, Gem.ruby, "-S", "gem", "install", "--local", "--no-document", "pkg/kino.gem"
      sh env, Gem.ruby, "-e", 'require "kino"; puts $LOADED_FEATURES.grep(%r{/kino\.(so|bundle)})'
    end
    rm_rf home, verbose: false
  end
end

# Puts the gems that the gem needs into the gem folder `home`, as they are here already.
def link_dependencies(spec, home)
  spec.runtime_dependencies.map(&:to_spec).reject(&:default_gem?).each do |needed|
    { "gems" => needed.full_gem_path, "specifications" => needed.loaded_from }.each do |folder, path|
      mkdir_p File.join(home, folder), verbose: false
      ln_sf path, File.join(home, folder), verbose: false
    end
    link_dependencies(needed, home)
  end
end
