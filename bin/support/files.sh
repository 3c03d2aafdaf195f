# shellcheck shell=bash
# The cache folder, hashes of files, and the lock of a set-up.

KINO_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/kino"

# digest: a hash of stdin.
digest() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum | cut -c1-16
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 | cut -c1-16
  else
    cksum | tr -d ' '
  fi
}

# digest_files PATH...: one hash of the names and contents of these files and of all files in these folders. Missing
# paths count as empty.
digest_files() {
  local path
  (
    cd "$KINO_ROOT" || exit 1
    for path in "$@"; do
      if [ -e "$path" ]; then find "$path" -name target -prune -o -type f -print; fi
    done | LC_ALL=C sort -u | tr '\n' '\0' | xargs -0 cksum | digest
  )
}

# is_stamped FILE VALUE / stamp FILE VALUE: a stamp records the inputs for which a step was last done.
is_stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
stamp() {
  mkdir -p "$(dirname "$1")"
  printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1"
}

# lock: one set-up at a time per user, because they share the cache. Held until unlock or the end of the process; a
# second set-up waits. Systems without flock do not lock.
lock() {
  if [ "${KINO_LOCKED:-}" = 1 ] || ! command -v flock >/dev/null 2>&1; then return 0; fi
  mkdir -p "$KINO_CACHE"
  exec 9>"$KINO_CACHE/lock"
  if ! flock -n 9; then
    say "Another set-up is running; waiting for it"
    flock 9
  fi
  KINO_LOCKED=1
}

unlock() {
  if [ "${KINO_LOCKED:-}" = 1 ]; then exec 9>&-; fi
  KINO_LOCKED=""
}

jobs_count() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }
