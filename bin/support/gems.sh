# shellcheck shell=bash
# Step 4: the gems, one folder per Ruby in our cache, from RubyGems or else from Debian's packages.

# The gems of the Gemfile and their dependencies, by their Debian names. Gems that come with Ruby (json, logger) are not
# listed. prism is compiled from source if the Ruby's own is too old, and nokogiri always.
KINO_DEBIAN_GEMS="
  racc rake rake-compiler rubocop ruby-actionpack ruby-actionview ruby-activesupport ruby-ast ruby-base64
  ruby-builder ruby-concurrent ruby-connection-pool ruby-crass ruby-diff-lcs ruby-erubi ruby-i18n
  ruby-language-server-protocol ruby-lint-roller ruby-loofah ruby-mini-portile2 ruby-minitest ruby-multi-json
  ruby-mustermann ruby-parallel ruby-progressbar ruby-rack ruby-rack-protection ruby-rack-session ruby-rack-test
  ruby-rackup ruby-rails-dom-testing ruby-rails-html-sanitizer ruby-railties ruby-rainbow ruby-rake-compiler-dock
  ruby-rb-sys ruby-regexp-parser ruby-roda ruby-rspec ruby-rspec-core ruby-rspec-expectations ruby-rspec-mocks
  ruby-rspec-support ruby-rubocop-ast ruby-sinatra ruby-sinatra-contrib ruby-thor ruby-tilt ruby-tzinfo
  ruby-unicode-display-width ruby-unicode-emoji ruby-useragent ruby-whitequark-parser ruby-zeitwerk yard
"

setup_gems() {
  local inputs
  use_gem_environment
  inputs=$(digest_files Gemfile kino.gemspec lib/kino/version.rb)
  if gems_are_ready "$inputs"; then
    say_ok "Gems: $GEM_HOME"
    return 0
  fi
  lock
  if gems_are_ready "$inputs"; then return 0; fi
  install_gems
  stamp "$KINO_STATE/gems" "$inputs"
}

gems_are_ready() { [ -d "$GEM_HOME/specifications" ] && is_stamped "$KINO_STATE/gems" "$1"; }

# The environment for everything else. Each Ruby has its own Gemfile, which loads the real one, because the lock file is
# next to the Gemfile and two Rubies may resolve to different versions.
use_gem_environment() {
  KINO_STATE="$KINO_LOGS/$KINO_RUBY_ID"
  mkdir -p "$KINO_STATE"
  if ! [ -f "$KINO_STATE/Gemfile" ]; then
    printf '# Written by bin/setup: keeps the lock file of this Ruby apart.\neval_gemfile "../../../Gemfile"\n' \
      >"$KINO_STATE/Gemfile"
  fi
  unset RUBYOPT RUBYLIB BUNDLE_PATH BUNDLE_WITHOUT BUNDLE_WITH BUNDLE_APP_CONFIG BUNDLE_LOCKFILE
  export RUBY="$KINO_RUBY_EXE"
  export GEM_HOME="$KINO_CACHE/gems/$KINO_RUBY_ID"
  GEM_PATH="$GEM_HOME:$(gem_folder_of_ruby)"
  export GEM_PATH
  export BUNDLE_GEMFILE="$KINO_STATE/Gemfile"
  export BUNDLE_PATH__SYSTEM=true BUNDLE_FROZEN=false BUNDLE_DEPLOYMENT=false BUNDLE_VERSION=system
  export BUNDLE_SILENCE_ROOT_WARNING=true
  export PATH="$GEM_HOME/bin:${KINO_RUBY_EXE%/*}:$PATH"
}

# Where the gems that come with the Ruby are. Cached, because finding out loads RubyGems.
gem_folder_of_ruby() {
  if ! [ -s "$KINO_STATE/gem-folder" ]; then
    "$KINO_RUBY_EXE" -e 'puts Gem.default_dir' >"$KINO_STATE/gem-folder"
  fi
  cat "$KINO_STATE/gem-folder"
}

install_gems() {
  local log advice
  log=$(new_log gems)
  mkdir -p "$GEM_HOME"
  rm -f "$BUNDLE_GEMFILE.lock"
  # The cached gems may suffice, for example after a change to the Gemfile.
  if run_logged "$log" ruby_bundle install --local; then
    say_ok "Gems: all are installed"
    return 0
  fi
  advice="Fix what the log reports, then run this again."
  if [ "${KINO_GEMS:-}" != debian ] && run_logged "$log" rubygems_answers; then
    say "Gems: installing them from RubyGems"
    run_logged "$log" ruby_bundle install --jobs "$(jobs_count)" ||
      fail_with_log "bundle install failed" "$log" "$advice"
  elif have_apt; then
    say "Gems: RubyGems cannot be reached, so they come from Debian's packages"
    need_debian_keyring
    need_nokogiri_packages
    run_logged "$log" install_debian_gems || fail_without_gems "$log"
    run_logged "$log" ruby_bundle install --local ||
      fail_with_log "bundle install failed on Debian's packages of the gems" "$log" "$advice"
  else
    fail_with_log "RubyGems cannot be reached, and there is no apt to take the gems from Debian" "$log" \
      "Check the network (proxies are taken from https_proxy), then run this again."
  fi
}

# fail_without_gems LOG: says why install_debian_gems failed.
fail_without_gems() {
  if [ -n "$KINO_MISSING_GEM" ]; then
    fail_with_log "The Gemfile, or a gem in it, needs the gem $KINO_MISSING_GEM in a version that was not found" "$1" \
      "It was looked for among the gems of Ruby $KINO_RUBY_VERSION ($(gem_folder_of_ruby)), in Debian's packages," \
      "in Debian's source package ruby-$KINO_MISSING_GEM, and in Debian's source of Ruby" \
      "(ruby$(papt_source_series | head -n 1)). Install it for this Ruby, then run this again:" \
      "  GEM_HOME=$GEM_HOME $KINO_RUBY_EXE -S gem install $KINO_MISSING_GEM" \
      "Or set KINO_RUBY to a Ruby that was built with its bundled gems."
  elif [ -n "$KINO_MISSING_PACKAGES" ]; then
    fail_with_log "Debian has no package $KINO_MISSING_PACKAGES" "$1" \
      "Take it from KINO_DEBIAN_GEMS in bin/support/gems.sh, or make RubyGems reachable, then run this again."
  fi
  fail_with_log "Debian's packages of the gems could not be set up" "$1" \
    "Check the network, then run this again (it tries RubyGems first)."
}

ruby_bundle() { "$KINO_RUBY_EXE" -S bundle "$@"; }

# Requests the front page of the host that Bundler will use (rubygems.org or its mirror), for at most five seconds. Any
# response will do, even an error: Bundler explains those better.
rubygems_answers() {
  "$KINO_RUBY_EXE" -rbundler -ropen-uri -rtimeout -e '
    url = URI.parse(Bundler.settings.mirror_for("https://rubygems.org/").to_s)
    url.user = url.password = nil
    begin
      Timeout.timeout(5) { url.open(open_timeout: 5, read_timeout: 5, &:status) }
    rescue OpenURI::HTTPError => e
      warn e.message
    end
  '
}

# Without these packages, Nokogiri would download the libraries.
need_nokogiri_packages() {
  if ! pkg-config --exists libxml-2.0 libexslt zlib 2>/dev/null; then
    need_packages "Compiling Nokogiri, which Rails needs," libxml2-dev libxslt1-dev pkg-config zlib1g-dev
  fi
}

# Downloads with our private apt, unpacks, and turns the result into an ordinary gem folder. Leaves what was not found
# in KINO_MISSING_GEM or KINO_MISSING_PACKAGES.
install_debian_gems() {
  KINO_MISSING_GEM="" KINO_MISSING_PACKAGES=""
  local debs="$KINO_CACHE/build/debs" unpacked="$KINO_CACHE/build/unpacked" attempt deb
  for attempt in "" force; do
    rm -rf "$debs" "$unpacked" "$KINO_CACHE/build/gem-source"
    mkdir -p "$debs" "$unpacked"
    # Without lists, every package would seem to be missing.
    if ! papt_setup $attempt; then
      if [ "$attempt" = force ]; then return 1; else continue; fi
    fi
    # shellcheck disable=SC2086
    if (cd "$debs" && papt_get download $KINO_DEBIAN_GEMS); then break; fi
    if [ "$attempt" = force ]; then
      KINO_MISSING_PACKAGES=$(missing_packages)
      return 1
    fi
  done
  for deb in "$debs"/*.deb; do
    dpkg-deb -x "$deb" "$unpacked/$(basename "${deb%%_*}")" || return 1
  done
  debian_gems install "$unpacked" "$GEM_HOME" && install_missing_gems "$unpacked" || return 1
  rm -rf "$debs" "$unpacked" "$KINO_CACHE/build/gem-source"
}

debian_gems() { "$KINO_RUBY_EXE" "$KINO_ROOT/bin/support/debian_gems.rb" "$@"; }

# missing_packages: those that our apt's lists do not have, on one line. Only with -q=0 does apt name them.
missing_packages() {
  # shellcheck disable=SC2086
  papt_cache -q=0 show $KINO_DEBIAN_GEMS 2>&1 >/dev/null |
    sed -n 's/^[NWE]: Unable to locate package //p' | sort -u | paste -s -d ' ' -
}

# install_missing_gems FOLDER: from their sources what the Gemfile and the installed gems still need, until nothing is
# missing.
install_missing_gems() {
  local missing before="" gem
  while missing=$(debian_gems missing "$GEM_HOME" "$KINO_ROOT/Gemfile") || return 1; [ -n "$missing" ]; do
    for gem in $missing; do
      KINO_MISSING_GEM=$gem
      if [ "$missing" = "$before" ]; then
        echo "What was installed of $gem does not fit"
        return 1
      fi
      install_gem_from_source "$gem" "$1" || return 1
    done
    before=$missing
    KINO_MISSING_GEM=""
  done
}

# install_gem_from_source GEM FOLDER: from the gem's source package. A gem that comes with Ruby has none; it is taken
# from Ruby's source, because a Ruby may be built without it.
install_gem_from_source() {
  local gem=$1 folder=$2
  if [ -n "$(papt_source_versions "ruby-$gem")" ]; then
    unpack_source "ruby-$gem" "$folder/source-$gem" || return 1
    NOKOGIRI_USE_SYSTEM_LIBRARIES=1 debian_gems compile "$folder/source-$gem" "$GEM_HOME"
  else
    if ! [ -d "$folder/source-ruby" ]; then
      unpack_source "ruby$(papt_source_series | head -n 1)" "$folder/source-ruby" || return 1
    fi
    debian_gems extract "$gem" "$folder/source-ruby" "$GEM_HOME"
  fi
}

# unpack_source PACKAGE FOLDER
unpack_source() {
  papt_download_source "$1" "$KINO_CACHE/build/gem-source" || return 1
  rm -rf "$2"
  mkdir -p "$2"
  tar -xf "$KINO_TARBALL" -C "$2" --strip-components=1
}
