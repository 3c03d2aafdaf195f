# shellcheck shell=bash
# Step 5: the native extension, in the release profile, when what goes into it has changed.

setup_extension() {
  local series library inputs log
  series=$(printf '%s' "$KINO_RUBY_VERSION" | cut -d. -f1,2)
  library=$(extension_library "$series")
  if extension_is_ready "$series" "$library"; then
    say_ok "Extension: ${library#"$KINO_ROOT"/}"
    return 0
  fi
  lock
  inputs=$(extension_inputs)
  say "Extension: compiling it for Ruby $series"
  log=$(new_log extension)
  run_logged "$log" compile_extension ||
    fail_with_log "The extension does not compile" "$log" \
      "Fix what the log reports, then run this again."
  library=$(extension_library "$series")
  if [ -z "$library" ]; then
    fail_with_log "The build left no library in lib/kino/$series" "$log" "See rakelib/compile.rake."
  fi
  stamp "$KINO_LOGS/extension-$series" "$inputs"
}

extension_library() {
  local file
  for file in "$KINO_ROOT/lib/kino/$1"/kino.so "$KINO_ROOT/lib/kino/$1"/kino.bundle; do
    if [ -f "$file" ]; then printf '%s\n' "$file"; fi
  done
}

extension_is_ready() { [ -n "$2" ] && is_stamped "$KINO_LOGS/extension-$1" "$(extension_inputs)"; }

extension_inputs() {
  {
    printf '%s\n' "$KINO_RUBY_ID" "$KINO_RUSTC" "${RUSTFLAGS:-}"
    digest_files Cargo.toml Cargo.lock .cargo rust-toolchain.toml crates ext Rakefile rakelib/compile.rake
  } | digest
}

# In a subshell, because bin/kino then starts Kino in the user's directory.
compile_extension() (cd "$KINO_ROOT" && ruby_bundle exec rake compile)
