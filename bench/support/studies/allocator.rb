# frozen_string_literal: true

require_relative "../compare/extension_build"
require_relative "../compare/run"

# The extension with mimalloc, as it is, and with the system's allocator; and both with the arenas that glibc makes by
# itself. Ruby's own heap is the system's allocator's either way, so that arenas count for all of them.
module Bench
  # A limit set from outside wins over Kino's. So many are glibc's own limit where it has 64 bits.
  arenas = { "MALLOC_ARENA_MAX" => (8 * Etc.nprocessors).to_s }
  system = ExtensionBuild.new("system-allocator", cargo_args: %w[--no-default-features])
  columns = lambda do |mode|
    flags = ["--mode", mode]
    [*Columns.kinos({ "mimalloc" => flags }),
     *Columns.kinos({ "system" => flags }, extension: system),
     *Columns.kinos({ "mimalloc-arenas" => flags }, environment: arenas),
     *Columns.kinos({ "system-arenas" => flags }, extension: system, environment: arenas)]
  end
  Run.start(ARGV, mode: "ractor", columns:, rows: Rows.named(%w[plaintext 10k upload memory]))
end
