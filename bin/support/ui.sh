# shellcheck shell=bash
# What the user sees: one line and one log per step, and one way to fail.
#
# Everything goes to stderr, so that stdout stays free for `bin/setup --print-env` and for the server.

KINO_LOGS="$KINO_ROOT/tmp/setup"

# A step that had to be done: always shown.
say() { printf 'kino: %s\n' "$*" >&2; }

# A step that had nothing to do: shown by bin/setup, left out by bin/kino and bin/test.
say_ok() { if [ "${KINO_QUIET:-}" != 1 ]; then say "$*"; fi; }

# fail WHAT [ADVICE]...: prints what is wrong and what to do about it, then exits.
fail() {
  printf 'kino: error: %s\n' "$1" >&2
  shift
  if [ "$#" -gt 0 ]; then printf '      %s\n' "$@" >&2; fi
  exit 1
}

# fail_with_log WHAT LOG [ADVICE]...: the same, with the last lines of the log in between.
fail_with_log() {
  local what=$1 log=$2
  shift 2
  printf 'kino: error: %s. The last lines of the log:\n' "$what" >&2
  tail -n 20 "$log" | sed 's/^/      | /' >&2
  printf '      The whole log: %s\n' "$log" >&2
  if [ "$#" -gt 0 ]; then printf '      %s\n' "$@" >&2; fi
  exit 1
}

# run_logged LOG COMMAND...: appends the command's output to the log and shows a sign of life meanwhile.
#
# The command stays in the foreground and the ticker goes to the background, because bash makes background
# jobs deaf to Ctrl-C. Descriptor 9 is the lock (see files.sh): a daemon that the command leaves behind, such as
# a compiler cache, must not hold it.
run_logged() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  printf '\n## %s\n' "$*" >>"$log"
  tick "$log" &
  KINO_TICKER=$!
  "$@" >>"$log" 2>&1 </dev/null 9>&- || status=$?
  stop_ticker
  return "$status"
}

stop_ticker() {
  if [ -z "${KINO_TICKER:-}" ]; then return 0; fi
  kill "$KINO_TICKER" 2>/dev/null || true
  wait "$KINO_TICKER" 2>/dev/null || true
  KINO_TICKER=""
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}
trap stop_ticker EXIT
trap 'stop_ticker; say "Interrupted"; exit 130' INT

# On a terminal, one line that is updated every second; elsewhere (CI logs) a line every 30 seconds. The sleep that a
# stopped ticker leaves behind must not hold a pipe or the lock open, hence its redirections.
tick() {
  local log=$1 elapsed=0
  while sleep 1 </dev/null >/dev/null 2>&1 9>&- && kill -0 $$ 2>/dev/null; do
    elapsed=$((elapsed + 1))
    if [ -t 2 ]; then
      printf '\r\033[K      %4d s  %.64s' "$elapsed" "$(last_line "$log")" >&2
    elif [ $((elapsed % 30)) = 0 ]; then
      printf '      %4d s  %.90s\n' "$elapsed" "$(last_line "$log")" >&2
    fi
  done
}

# The last meaningful line: neither empty nor a source line quoted in a warning.
last_line() { tail -n 40 "$1" | tr -d '\r' | grep -a '^ *[A-Za-z]' | tail -n 1 | sed 's/^ *//' || true; }

# new_log NAME: an empty tmp/setup/NAME.log, its path on stdout.
new_log() {
  mkdir -p "$KINO_LOGS"
  : >"$KINO_LOGS/$1.log"
  printf '%s\n' "$KINO_LOGS/$1.log"
}
