# frozen_string_literal: true

desc "Run the engine's models (crates/engine/src/models) in every order of their threads' steps"
task :loom do
  # A target folder of its own: with other flags cargo would build everything anew at each switch. Nobody debugs what
  # is here, and without debug info it is there sooner.
  env = { "RUSTFLAGS" => "--cfg kino_loom", "CARGO_TARGET_DIR" => "target/loom", "CARGO_PROFILE_DEV_DEBUG" => "0" }
  sh env, "cargo", "test", "--package", "kino-engine", "--lib", "models::"
end
