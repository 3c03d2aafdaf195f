# shellcheck shell=bash
# Step 1: cargo, a C compiler and libclang (bindgen reads Ruby's headers with it).

setup_rust() {
  local missing=()
  find_cargo
  if ! have cc || ! have make; then missing+=(build-essential); fi
  if ! have_libclang; then missing+=(libclang-dev); fi
  need_packages "Compiling the extension" ${missing[@]+"${missing[@]}"}
  if ! have_libclang; then
    fail "libclang was not found (bindgen reads Ruby's headers with it)." \
      "Set LIBCLANG_PATH to the folder that holds it, then run this again."
  fi
  say_ok "Rust: $KINO_RUSTC"
}

find_cargo() {
  local bin="${CARGO_HOME:-$HOME/.cargo}/bin" wanted
  # A rustup that was just installed is not on PATH yet.
  if ! have cargo && [ -x "$bin/cargo" ]; then export PATH="$bin:$PATH"; fi
  if ! have cargo; then
    fail "cargo was not found, on PATH or in $bin." \
      "Kino's front-end is written in Rust. Get Rust from https://rustup.rs:" \
      "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" \
      "then run this again."
  fi
  KINO_RUSTC=$(cd "$KINO_ROOT" && rustc --version 2>&1) ||
    fail "rustc does not run: $KINO_RUSTC" "Fix the toolchain (rustup default stable), then run this again."
  wanted=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' "$KINO_ROOT/Cargo.toml" 2>/dev/null | head -n 1)
  if [ -n "$wanted" ] && ! version_at_least "$(echo "$KINO_RUSTC" | cut -d' ' -f2)" "$wanted"; then
    fail "Rust $wanted or newer is needed; this is $KINO_RUSTC." \
      "Update it (rustup update stable), then run this again."
  fi
}
