# frozen_string_literal: true

require_relative "lib/kino/version"

Gem::Specification.new do |spec|
  spec.name = "kino"
  spec.version = Kino::VERSION
  spec.authors = ["The Kino authors"]
  spec.summary = "A web server that runs Rack apps in Ractors, behind a Rust front-end"
  spec.description = <<~TEXT
    Kino serves a Rack 3 app on every core of one small process. A Rust front-end owns the network, and worker
    Ractors run the app. Apps that cannot be shared between Ractors run on threads behind the same front-end.
  TEXT
  spec.license = "MIT"
  spec.required_ruby_version = ">= 3.4"
  spec.metadata = {
    "rubygems_mfa_required" => "true",
    "cargo_crate_name" => "kino"
  }

  spec.files = Dir.chdir(__dir__) do
    Dir[
      "lib/**/*.rb", "sig/**/*.rbs", "exe/*",
      "ext/kino/**/*.{rb,rs,toml}", "crates/**/*.{rs,toml}", "Cargo.toml", "Cargo.lock",
      "doc/**/*.{md,svg}", "README.md", "CHANGELOG.md", "LICENSE"
    ].reject { |file| file.include?("/target/") || File.directory?(file) }
  end
  spec.bindir = "exe"
  spec.executables = ["kino"]
  spec.extensions = ["ext/kino/extconf.rb"]

  spec.add_dependency "logger", "~> 1.6"
  spec.add_dependency "rack", ">= 3.0", "< 4"
  # Compiles the extension, at install time too.
  spec.add_dependency "rb_sys", ">= 0.9.124", "< 2"
end
