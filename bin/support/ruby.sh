# shellcheck shell=bash
# Step 2: a Ruby that is new enough and has headers.

KINO_OLDEST_RUBY=3.4

# version_at_least VERSION WANTED: compares up to three numbers.
version_at_least() {
  local IFS=.
  # shellcheck disable=SC2206
  local have=(${1%%[!0-9.]*}) want=($2) part
  for part in 0 1 2; do
    if [ "${have[part]:-0}" -gt "${want[part]:-0}" ]; then return 0; fi
    if [ "${have[part]:-0}" -lt "${want[part]:-0}" ]; then return 1; fi
  done
  return 0
}

# setup_ruby SERIES: finds or builds a Ruby and leaves it in KINO_RUBY_EXE, KINO_RUBY_VERSION and KINO_RUBY_ID.
# SERIES may be empty (any that is new enough), "3.4" or "3.4.5".
setup_ruby() {
  if find_ruby "$1"; then
    say_ok "Ruby: $KINO_RUBY_VERSION ($KINO_RUBY_EXE)"
    return 0
  fi
  lock
  find_ruby "$1" || build_ruby "$1"
  find_ruby "$1" || fail "The Ruby that was just built in $KINO_CACHE/rubies cannot be used." \
    "Remove that folder, then run this again."
  say "Ruby: $KINO_RUBY_VERSION ($KINO_RUBY_EXE)"
}

find_ruby() {
  local series=$1 ruby
  if [ -n "${KINO_RUBY:-}" ]; then
    if use_ruby "$KINO_RUBY" "$series"; then return 0; fi
    say "KINO_RUBY=$KINO_RUBY is not used: $KINO_RUBY_REFUSED"
  fi
  if have ruby && use_ruby "$(command -v ruby)" "$series"; then return 0; fi
  while IFS= read -r ruby; do
    if use_ruby "$ruby" "$series"; then return 0; fi
  done <<EOF
$(installed_rubies)
EOF
  return 1
}

# installed_rubies: the Ruby executables in the folders of the usual version managers and in our cache,
# the newest first.
installed_rubies() {
  local data="${XDG_DATA_HOME:-$HOME/.local/share}" dir version
  for dir in /opt/ruby-* /opt/rubies/* "$HOME"/.rubies/* "${RBENV_ROOT:-$HOME/.rbenv}"/versions/* \
    "${MISE_DATA_DIR:-$data/mise}"/installs/ruby/* "$data"/rv/rubies/* "$HOME"/.data/rv/rubies/* \
    "$HOME"/.asdf/installs/ruby/* "$KINO_CACHE"/rubies/*; do
    version=${dir##*/}
    version=${version#ruby-}
    # Skips other implementations, and mise's links ("4", "latest") to versions that are listed anyway.
    case $version in [0-9]*.[0-9]*.[0-9]*) ;; *) continue ;; esac
    if [ -L "$dir" ] || [ ! -x "$dir/bin/ruby" ]; then continue; fi
    if [ "${dir%/*}" = "$KINO_CACHE/rubies" ] && [ ! -f "$dir/.complete" ]; then continue; fi
    printf '%s\t%s\n' "$version" "$dir/bin/ruby"
  done | sort -s -t . -k1,1nr -k2,2nr -k3,3nr | cut -f 2
}

# all_rubies: version and executable of every usable Ruby on the machine, one per version, the newest first.
all_rubies() {
  local ruby
  {
    printf '%s\n' "${KINO_RUBY:-}"
    command -v ruby || true
    installed_rubies
  } | while IFS= read -r ruby; do
    if [ -n "$ruby" ] && use_ruby "$ruby" ""; then printf '%s\t%s\n' "$KINO_RUBY_VERSION" "$KINO_RUBY_EXE"; fi
  done | sort -s -t . -k1,1nr -k2,2nr -k3,3nr | awk -F '\t' '!seen[$1]++'
}

# use_ruby EXECUTABLE SERIES: sets KINO_RUBY_EXE, _VERSION and _ID if this Ruby is usable, else KINO_RUBY_REFUSED.
use_ruby() {
  local exe=$1 series=$2 facts engine version headers path build
  KINO_RUBY_REFUSED=""
  if [ ! -x "$exe" ] || [ -d "$exe" ]; then
    KINO_RUBY_REFUSED="it is not an executable file"
    return 1
  fi
  # In the checkout, because version managers' shims read its .ruby-version.
  if ! facts=$(cd "$KINO_ROOT" && RUBYOPT='' RUBYLIB='' "$exe" --disable-gems -e "$KINO_RUBY_FACTS" 2>/dev/null); then
    KINO_RUBY_REFUSED="it does not run"
    return 1
  fi
  IFS=$'\t' read -r engine version headers path build <<<"$facts"
  if [ "$engine" != ruby ]; then
    KINO_RUBY_REFUSED="it is $engine, and Kino needs CRuby"
  elif ! version_at_least "$version" "$KINO_OLDEST_RUBY"; then
    KINO_RUBY_REFUSED="it is Ruby $version, and Kino needs $KINO_OLDEST_RUBY or newer"
  elif [ "$headers" != true ]; then
    KINO_RUBY_REFUSED="Ruby $version has no headers there (on Debian they are in ruby-dev)"
  elif [ -n "$series" ] && [ "$version" != "$series" ] && [ "${version#"$series".}" = "$version" ]; then
    KINO_RUBY_REFUSED="it is Ruby $version, and $series was asked for"
  else
    KINO_RUBY_EXE=$path
    KINO_RUBY_VERSION=$version
    KINO_RUBY_ID="$version-$(printf '%s' "$path $build" | digest | cut -c1-8)"
    return 0
  fi
  return 1
}

# The last one distinguishes two builds in the same place. RUBY_DESCRIPTION would not do: it depends on how this Ruby
# was started (+YJIT with RUBY_YJIT_ENABLE, the parser), so one Ruby would be taken for two.
KINO_RUBY_FACTS='
  require "rbconfig"
  config = RbConfig::CONFIG
  headers = File.exist?(File.join(config["rubyhdrdir"], "ruby.h")) &&
            File.exist?(File.join(config["rubyarchhdrdir"], "ruby/config.h"))
  puts [RUBY_ENGINE, RUBY_VERSION, headers, RbConfig.ruby,
        [RUBY_PATCHLEVEL, RUBY_RELEASE_DATE, RUBY_REVISION, RUBY_PLATFORM].join(" ")].join("\t")
'
