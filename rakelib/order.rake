# frozen_string_literal: true

require_relative "lint/import_order"

desc "Check the order of imports in the engine (the table in crates/engine/src/lib.rs)"
task "lint:order" do
  breaches = ImportOrder.new("crates/engine/src").breaches
  abort "the engine's imports are out of order:\n#{breaches.join("\n")}" if breaches.any?
end

task lint: "lint:order"
