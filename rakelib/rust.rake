# frozen_string_literal: true

desc "Run all checks of the Rust code"
task rust: %w[rust:fmt rust:clippy rust:test]

namespace :rust do
  desc "Check the format of the Rust code"
  task(:fmt) { sh "cargo", "fmt", "--all", "--check" }

  desc "Check the Rust code with clippy, warnings being errors"
  task(:clippy) { sh "cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings" }

  desc "Run the engine's tests, which need no Ruby"
  task(:test) { sh "cargo", "test", "--package", "kino-engine" }
end
