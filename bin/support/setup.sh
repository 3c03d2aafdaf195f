# shellcheck shell=bash
# The whole set-up, for bin/setup, bin/kino and bin/test to source. They set KINO_ROOT.

set -euo pipefail

for part in ui files packages rust ruby apt ruby_build gems extension; do
  # shellcheck source=/dev/null
  . "$KINO_ROOT/bin/support/$part.sh"
done
unset part

# kino_setup [SERIES]: does what is missing and leaves the environment exported in this shell.
kino_setup() {
  setup_rust
  setup_ruby "${1:-}"
  setup_gems
  setup_extension
  unlock
}

# check_series SERIES: what --ruby was given.
check_series() {
  case $1 in
    [0-9]*.[0-9]*) ;;
    *) fail "--ruby wants a series such as 3.4, not \"$1\"." ;;
  esac
  version_at_least "$1" "$KINO_OLDEST_RUBY" || fail "Kino needs Ruby $KINO_OLDEST_RUBY or newer; $1 was asked for."
}
