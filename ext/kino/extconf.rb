# frozen_string_literal: true

require "mkmf"
require "rb_sys/mkmf"

# `rake compile` installs into lib/kino/<Ruby series>, `gem install` into lib/kino; lib/kino/native.rb knows both.
create_rust_makefile("kino/kino") do |rust|
  rust.profile = ENV.fetch("RB_SYS_CARGO_PROFILE", "release").to_sym
  # A gem is built with the versions that it was tested with; in a checkout Cargo.lock may still move.
  rust.extra_cargo_args += ["--locked"] if rust.rubygems_invoked?
end
