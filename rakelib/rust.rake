# frozen_string_literal: true

desc "Run all checks of the Rust code"
task rust: %w[rust:fmt rust:clippy rust:test]

# What the replay of the fuzz targets' seeds needs.
fuzzing = %w[--features kino-engine/fuzzing]

namespace :rust do
  desc "Check the format of the Rust code"
  task(:fmt) { sh "cargo", "fmt", "--all", "--check" }

  desc "Check the Rust code with clippy, warnings being errors"
  task(:clippy) { sh "cargo", "clippy", "--workspace", "--all-targets", *fuzzing, "--", "-D", "warnings" }

  desc "Run the engine's tests, which need no Ruby, and replay what fuzzing found"
  task(:test) { sh "cargo", "test", "--package", "kino-engine", *fuzzing }
end
