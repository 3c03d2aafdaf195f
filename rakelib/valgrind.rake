# frozen_string_literal: true

desc "Run the engine's tests under valgrind (memcheck): bad reads and writes, and what is lost (takes minutes)"
task :valgrind do
  # Read by cargo in the place of running a test itself. Threads take turns fairly, else one that waits in a loop
  # starves the others; valgrind runs one at a time anyway. What the standard library keeps of the main thread
  # counts as possibly lost and is no error.
  command = %w[valgrind --quiet --error-exitcode=9 --fair-sched=yes --num-callers=30
               --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite]
  triple = `rustc -vV`[/^host: (.+)$/, 1]
  runner = "CARGO_TARGET_#{triple.upcase.tr("-", "_")}_RUNNER"
  sh({ runner => command.join(" ") }, "cargo", "test", "--package", "kino-engine", "--features", "kino-engine/fuzzing",
     "--lib", "--tests", "--", "--test-threads=2")
end
