# frozen_string_literal: true

require "rake/clean"
require "rb_sys/extensiontask"

# Ruby's series: extensions of different series do not load into each other, so each has a folder.
series = RUBY_VERSION[/\A\d+\.\d+/]

# The paths are relative to where make runs, which is tmp/PLATFORM/kino/VERSION: rb_sys quotes none in its Makefile, so
# that an absolute one must have no space.
root = "../../../.."
# A target folder per Ruby as well: rb-sys is compiled against one, so that sharing would rebuild at each switch.
ENV["RB_SYS_CARGO_TARGET_DIR"] ||= "#{root}/target/ruby-#{RUBY_VERSION}"
ENV["RB_SYS_CARGO_MANIFEST_DIR"] ||= "#{root}/ext/kino"
# Cargo's build scripts ask this Ruby, not the first on PATH, what to compile against.
ENV["RUBY"] ||= Gem.ruby

RbSys::ExtensionTask.new("kino") do |ext|
  ext.lib_dir = "lib/kino/#{series}"
  # The engine is a part of the extension although it is not in its folder.
  ext.source_pattern = "{**,../../crates/**}/*.{rs,toml}"
end

CLEAN.include("tmp/*-*/kino")
CLOBBER.include("lib/kino/*/kino.{so,bundle}", "target")
