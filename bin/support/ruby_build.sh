# shellcheck shell=bash
# Step 3: builds a Ruby from Debian's newest source package, into our cache.

# build_ruby SERIES (empty: the newest)
build_ruby() {
  local series=$1 log
  if ! have_apt; then
    fail "No Ruby ${series:-$KINO_OLDEST_RUBY or newer} with headers was found, and there is no apt to build one from." \
      "Install Ruby ${series:-$(cat "$KINO_ROOT/.ruby-version")} (with rbenv, mise, rv or ruby-install)," \
      "or set KINO_RUBY to the executable of one that is not on PATH, then run this again."
  fi
  need_ruby_build_packages
  log=$(new_log ruby)
  say "Ruby: found none that fits; building one from Debian's sources (a few minutes, once)"
  run_logged "$log" download_ruby "$(printf '%s' "$series" | cut -d. -f1,2)" ||
    fail_with_log "No source of Ruby ${series:-$KINO_OLDEST_RUBY or newer} could be downloaded" "$log" \
      "Check the network, or install such a Ruby yourself and set KINO_RUBY to its executable."
  say "Ruby: compiling $(basename "$KINO_TARBALL" | sed -e 's/_/ /' -e 's/\.orig.*//') on $(jobs_count) cores"
  run_logged "$log" compile_ruby ||
    fail_with_log "Ruby could not be built" "$log" \
      "Fix what the log reports, or install Ruby $KINO_OLDEST_RUBY or newer yourself and set KINO_RUBY to its executable."
}

need_ruby_build_packages() {
  local missing=() pair
  for pair in openssl/ssl.h:libssl-dev zlib.h:zlib1g-dev yaml.h:libyaml-dev ffi.h:libffi-dev; do
    if ! have_header "${pair%%:*}"; then missing+=("${pair#*:}"); fi
  done
  if ! have xz; then missing+=(xz-utils); fi
  if [ -z "$(debian_keyring)" ]; then missing+=(debian-archive-keyring); fi
  need_packages "Building Ruby" ${missing[@]+"${missing[@]}"}
}

download_ruby() {
  local wanted=$1 series attempt
  for attempt in "" force; do
    papt_setup $attempt || continue
    for series in $(papt_source_series); do
      if [ -n "$wanted" ] && [ "$series" != "$wanted" ]; then continue; fi
      if ! version_at_least "$series" "$KINO_OLDEST_RUBY"; then continue; fi
      if papt_download_source "ruby$series" "$KINO_CACHE/build/ruby-source"; then return 0; fi
    done
  done
  return 1
}

# Without a base Ruby: with an old system Ruby the install asks for gems that it cannot have; without one it installs
# its bundled gems.
compile_ruby() {
  local build="$KINO_CACHE/build/ruby" prefix version
  rm -rf "$build"
  mkdir -p "$build"
  tar -xf "$KINO_TARBALL" -C "$build" --strip-components=1 || return 1
  version=$(ruby_source_version "$build") || return 1
  prefix="$KINO_CACHE/rubies/ruby-$version"
  rm -rf "$prefix"
  (
    cd "$build" || exit 1
    # The environment of another Ruby must not affect this build.
    unset RUBYOPT RUBYLIB GEM_HOME GEM_PATH BUNDLE_GEMFILE RUBY
    ./configure --prefix="$prefix" --enable-yjit --disable-install-doc --with-baseruby=no &&
      make -j "$(jobs_count)" && make install
  ) || return 1
  check_ruby "$prefix/bin/ruby" || return 1
  touch "$prefix/.complete"
  rm -rf "$build" "$KINO_CACHE/build/ruby-source"
}

ruby_source_version() {
  local part version=""
  for part in MAJOR MINOR; do
    version="$version$(sed -n "s/^#define RUBY_API_VERSION_$part \([0-9]*\).*/\1/p" "$1/include/ruby/version.h")."
  done
  printf '%s%s\n' "$version" "$(sed -n 's/^#define RUBY_VERSION_TEENY \([0-9]*\).*/\1/p' "$1/version.h")"
}

# A build silently omits extensions whose libraries are missing.
check_ruby() {
  "$1" -e 'require "openssl"; require "yaml"; require "zlib"; require "json"; require "bundler"
           abort "this Ruby was built without YJIT" unless defined?(RubyVM::YJIT.enable)'
}
